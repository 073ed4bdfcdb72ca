/** The writes into the store that nobody waits for, and its limits of number and age. */
import type { AnswerCache, StoredAnswer } from '../ports/answer-cache.ts';
import type { CacheCounts } from './cache-counts.ts';

export interface SharedLimits {
  readonly semanticEntries: number;
  readonly semanticMaxAgeMs: number;
}

/** Counting and removing costs two scans: after so many entries at most. */
const TRIM_EVERY = 64;

export class SharedUpkeep {
  readonly #shared: AnswerCache;
  readonly #limits: SharedLimits;
  readonly #counts: CacheCounts;
  readonly #now: () => number;
  readonly #running = new Set<Promise<void>>();
  #puts = 0;

  constructor(shared: AnswerCache, limits: SharedLimits, counts: CacheCounts, now: () => number) {
    this.#shared = shared;
    this.#limits = limits;
    this.#counts = counts;
    this.#now = now;
  }

  /** Counts what fails; an entry that was not written or removed is written or refused another time. */
  inBackground(work: () => Promise<void>): void {
    const running = work()
      .catch(() => this.#counts.count('failure'))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async put(stored: StoredAnswer, vector: Float32Array): Promise<void> {
    await this.#shared.put(stored, vector);
    this.#puts += 1;
    const every = Math.min(TRIM_EVERY, Math.max(1, Math.floor(this.#limits.semanticEntries / 8)));
    if (this.#puts % every === 0) await this.#trim();
  }

  /** Resolves when what runs now is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Resolves when nothing runs any more, however much begins meanwhile. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #trim(): Promise<void> {
    const old = await this.#shared.removeBefore(this.#now() - this.#limits.semanticMaxAgeMs);
    const many = await this.#shared.trim(this.#limits.semanticEntries);
    for (let n = 0; n < old + many; n += 1) this.#counts.count('eviction');
  }
}
