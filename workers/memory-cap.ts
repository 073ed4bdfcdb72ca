/** A worker that has grown beyond its limit is replaced by a fresh one, before the machine has to choose what to kill. */
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';

export interface MemoryCapOptions {
  /** Largest memory of this process alone, in bytes; the sandbox's processes have limits of their own. */
  readonly maxBytes: number;
  /** Takes no new work and ends; whoever watches the process starts it again. */
  readonly drain: () => void;
  readonly logger: Pick<Logger, 'warn'>;
  /** Memory of this process alone now, in bytes. */
  readonly ownBytes?: () => number;
}

const LOOK_EVERY_MS = 5_000;
/** So many looks in a row: a peak of a moment is no growth. */
const LOOKS = 3;

/** Looks from time to time; call what it returns to stop looking. */
export function capMemory(options: MemoryCapOptions): () => void {
  const watch = new MemoryWatch(options);
  const timer = setInterval(() => {
    if (watch.look()) clearInterval(timer);
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

export class MemoryWatch {
  readonly #options: MemoryCapOptions;
  #above = 0;

  constructor(options: MemoryCapOptions) {
    this.#options = options;
  }

  /** True when the process was told to drain. */
  look(): boolean {
    const { maxBytes, ownBytes = ownMemory, drain, logger } = this.#options;
    const bytes = ownBytes();
    this.#above = bytes > maxBytes ? this.#above + 1 : 0;
    if (this.#above < LOOKS) return false;
    logger.warn(
      { bytes, maxBytes },
      'the worker is larger than SCRIPTORIUM_WORKER_MEMORY_MB; it is replaced',
    );
    drain();
    return true;
  }
}

/**
 * Resident memory without the files that are mapped: the model's weights are shared by all processes, and the system takes
 * them back when it needs the room. Each session that maps them counts them once more.
 */
function ownMemory(): number {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1_024;
  } catch {
    // Another system than Linux.
  }
  return process.memoryUsage.rss();
}
