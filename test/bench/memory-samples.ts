/** Resident memory of a run's processes, every two seconds. Linux only: elsewhere every figure is 0. */
import { processMemory, treeMemory } from '../helpers/stack-processes.ts';
import { median } from './report.ts';

export interface MemorySample {
  readonly atMs: number;
  /** In bytes: the worker process alone, the processes below it (the sandbox), and Temporal's server. */
  readonly worker: number;
  readonly sandbox: number;
  readonly server: number;
}

const EVERY_MS = 2_000;

export class MemorySamples implements Disposable {
  readonly samples: MemorySample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(workerPid: number, serverPid: number) {
    const startedAtMs = Date.now();
    this.#timer = setInterval(async () => {
      const atMs = Date.now() - startedAtMs;
      const [worker, tree, server] = await Promise.all([
        processMemory(workerPid),
        treeMemory(workerPid),
        processMemory(serverPid),
      ]);
      this.samples.push({ atMs, worker, sandbox: Math.max(0, tree - worker), server });
    }, EVERY_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const MB = 1024 * 1024;

/** Medians of the first and the last third, and the largest sample, in MB. */
export function memoryFigures(
  samples: readonly MemorySample[],
  part: 'worker' | 'sandbox' | 'server',
): { readonly firstThird: number; readonly lastThird: number; readonly largest: number } {
  const sizes = samples.map((sample) => sample[part] / MB);
  const third = Math.max(1, Math.floor(sizes.length / 3));
  return {
    firstThird: median(sizes.slice(0, third)),
    lastThird: median(sizes.slice(-third)),
    largest: Math.max(0, ...sizes),
  };
}
