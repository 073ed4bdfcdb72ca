import type { Timings } from '../../workflows/result-contract.ts';

/** The stages of a search; `dense` and `lexical` run at the same time. `catalog` tells which hits are of committed revisions. */
export type SearchStage = 'embed' | 'dense' | 'lexical' | 'catalog' | 'fuse' | 'rerank' | 'neighbours';

/** Hears of every stage: it must give what `work` gives. For traces and metrics. */
export type StageObserver = <T>(stage: SearchStage, work: () => Promise<T>) => Promise<T>;

/** Takes the time of each stage, in milliseconds; of a stage that ran twice, the sum. */
export class Stopwatch {
  readonly #observe: StageObserver;
  readonly #ms = new Map<SearchStage, number>();
  readonly #running = new Set<{ readonly stage: SearchStage; readonly started: number }>();

  constructor(observe: StageObserver = (_, work) => work()) {
    this.#observe = observe;
  }

  async time<T>(stage: SearchStage, work: () => Promise<T>): Promise<T> {
    const run = { stage, started: performance.now() };
    this.#running.add(run);
    try {
      return await this.#observe(stage, work);
    } finally {
      this.#running.delete(run);
      addTo(this.#ms, run);
    }
  }

  /** So far: of stages that still run, the time until now. */
  get timings(): Timings {
    const ms = new Map(this.#ms);
    for (const run of this.#running) addTo(ms, run);
    return Object.fromEntries(ms);
  }
}

function addTo(
  ms: Map<SearchStage, number>,
  { stage, started }: { readonly stage: SearchStage; readonly started: number },
): void {
  ms.set(stage, (ms.get(stage) ?? 0) + performance.now() - started);
}
