import { ScriptoriumError } from '../../activities/errors.ts';

/** Counts the open streams of each asker, or what else is open for some time. */
export class OpenStreams {
  readonly #most: number;
  readonly #what: string;
  readonly #open = new Map<string, number>();

  constructor(most: number, what = 'streams') {
    this.#most = most;
    this.#what = what;
  }

  /** @throws ScriptoriumError RATE_LIMITED */
  async count<T>(id: string, work: () => Promise<T>): Promise<T> {
    const open = this.#open.get(id) ?? 0;
    if (open >= this.#most)
      throw new ScriptoriumError('RATE_LIMITED', `${open} ${this.#what} are open already; end some first`);
    this.#open.set(id, open + 1);
    try {
      return await work();
    } finally {
      this.#close(id);
    }
  }

  #close(id: string): void {
    const left = (this.#open.get(id) ?? 1) - 1;
    if (left > 0) this.#open.set(id, left);
    else this.#open.delete(id);
  }
}
