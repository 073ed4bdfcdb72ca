/** Figures of a ranking with one right answer a question. Pure. */

export interface Quality {
  /** Share of the questions whose answer is among the first five. */
  readonly recallAt5: number;
  /** Mean of 1 / rank, 0 beyond ten. */
  readonly mrrAt10: number;
  /** Mean of 1 / log2(rank + 1), 0 beyond ten: nDCG with a single relevant item. */
  readonly ndcgAt10: number;
}

/** @param ranks of the first right answer, from 1; Infinity where there is none */
export function qualityOf(ranks: readonly number[]): Quality {
  const mean = (value: (rank: number) => number): number =>
    ranks.reduce((sum, rank) => sum + value(rank), 0) / Math.max(1, ranks.length);
  return {
    recallAt5: mean((rank) => (rank <= 5 ? 1 : 0)),
    mrrAt10: mean((rank) => (rank <= 10 ? 1 / rank : 0)),
    ndcgAt10: mean((rank) => (rank <= 10 ? 1 / Math.log2(rank + 1) : 0)),
  };
}

export function rankOf<T>(ranking: readonly T[], isRight: (item: T) => boolean): number {
  const at = ranking.findIndex(isRight);
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
}

/** Below it lie so many of the figures. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
