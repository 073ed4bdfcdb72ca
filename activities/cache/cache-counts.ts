/** What became of the look-ups of one cache. A refusal is an entry that was there and may not be given any more. */
export const cacheResults = ['hit', 'miss', 'refusal', 'eviction', 'failure'] as const;
export type CacheResult = (typeof cacheResults)[number];
export type CacheName = 'exact' | 'embedding' | 'semantic';

/** Called for every look-up and eviction; metrics are made of it. */
export type CacheListener = (cache: CacheName, result: CacheResult) => void;

export class CacheCounts {
  readonly #cache: CacheName;
  readonly #listener: CacheListener;
  readonly #counts = new Map<CacheResult, number>();

  constructor(cache: CacheName, listener: CacheListener = () => {}) {
    this.#cache = cache;
    this.#listener = listener;
  }

  count(result: CacheResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1);
    this.#listener(this.#cache, result);
  }

  /** Since the process began. */
  get all(): Readonly<Record<CacheResult, number>> {
    const of = (result: CacheResult): number => this.#counts.get(result) ?? 0;
    return {
      ...{ hit: of('hit'), miss: of('miss'), refusal: of('refusal') },
      ...{ eviction: of('eviction'), failure: of('failure') },
    };
  }
}
