import { stat, utimes, writeFile } from 'node:fs/promises';

/** A mark is set again so often while questions come. */
const EVERY_MS = 10_000;
/** Nobody asks any more when the mark is so old. */
const RECENT_MS = 60_000;

/** An empty file whose time tells all processes when one of them last searched a table. */
export class AskedMark {
  readonly #path: string;
  #setAtMs = Number.NEGATIVE_INFINITY;
  #setting = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** To be called at each search; nobody waits for it, and a disk that is full is no reason not to answer. */
  set(): void {
    const now = Date.now();
    if (now - this.#setAtMs < EVERY_MS) return;
    this.#setAtMs = now;
    const time = new Date(now);
    this.#setting = utimes(this.#path, time, time)
      .catch(() => writeFile(this.#path, ''))
      .catch(() => {});
  }

  /** Resolves when nothing of it is being written. */
  async settled(): Promise<void> {
    await this.#setting;
  }

  /** Whether any process searched within the last minute. */
  async isRecent(): Promise<boolean> {
    const found = await stat(this.#path).catch(() => null);
    return found !== null && Date.now() - found.mtimeMs < RECENT_MS;
  }
}
