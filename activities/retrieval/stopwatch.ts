import type { Timings } from '../../workflows/result-contract.ts';

/** The stages of a search; `dense` and `lexical` run at the same time. `catalog` tells which hits are of committed revisions. */
export type SearchStage = 'embed' | 'dense' | 'lexical' | 'catalog' | 'fuse' | 'rerank' | 'neighbours';

/** Hears of every stage: it must give what `work` gives. For traces and metrics. */
export type StageObserver = <T>(stage: SearchStage, work: () => Promise<T>) => Promise<T>;

/** Takes the time of each stage, in milliseconds; of a stage that ran twice, the sum. */
export class Stopwatch {
  readonly #observe: StageObserver;
  readonly #ms = new Map<SearchStage, number>();

  constructor(observe: StageObserver = (_, work) => work()) {
    this.#observe = observe;
  }

  async time<T>(stage: SearchStage, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await this.#observe(stage, work);
    } finally {
      this.#ms.set(stage, (this.#ms.get(stage) ?? 0) + performance.now() - started);
    }
  }

  get timings(): Timings {
    return Object.fromEntries(this.#ms);
  }
}
