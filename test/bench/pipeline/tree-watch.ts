import { readFile } from 'node:fs/promises';
import { cpuSeconds, descendantsOf } from '../../helpers/stack-processes.ts';

/** Each look at the memory of a stack takes 60 ms of a core, which is taken from what is measured. */
const EVERY_MS = 5_000;

/** Memory and processor time of a process and all below it, every five seconds. Linux only: elsewhere every figure is 0. */
export class TreeWatch implements Disposable {
  /** Of all processes at one time, pages that several share counted once. */
  peakMb = 0;
  /** At the last look. */
  cpuSeconds = 0;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  /** @param root gives the process, or null while there is none yet */
  constructor(root: () => Promise<number | null>) {
    this.#timer = setInterval(() => void this.#look(root), EVERY_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(root: () => Promise<number | null>): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const pid = await root();
    if (pid !== null) {
      const pids = [pid, ...(await descendantsOf(pid))];
      const sizes = await Promise.all(pids.map(proportionalMb));
      this.peakMb = Math.max(
        this.peakMb,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      const { own, below } = await cpuSeconds(pid);
      this.cpuSeconds = Math.max(this.cpuSeconds, own + below);
    }
    this.#looking = false;
  }
}

/** Proportional set size: a page that n processes share counts as an nth of a page. */
async function proportionalMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1_024;
}
