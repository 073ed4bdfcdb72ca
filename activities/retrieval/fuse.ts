/** Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): several rankings into one, by ranks alone. Pure. */

export interface Ranking<Item> {
  /** Best first. */
  readonly items: readonly Item[];
  /** How much it counts beside the others. */
  readonly weight: number;
}

export interface Fused<Item> {
  /** As it came in the first ranking that has it. */
  readonly item: Item;
  /** 0 to 1; 1 is first in every ranking. */
  readonly score: number;
}

/**
 * Decides how much the first ranks count over those behind. The paper's 60 was for rankings of a thousand; of forty
 * that are fused here it would make the last count three fifths of the first. Measured: docs/retrieval.md.
 */
export const RANK_CONSTANT = 10;

/** Best first; of two with the same score the one that came first in the first ranking that has it. */
export function fuseRankings<Item>(
  rankings: readonly Ranking<Item>[],
  idOf: (item: Item) => string,
  constant = RANK_CONSTANT,
): Fused<Item>[] {
  const best = rankings.reduce((sum, { weight }) => sum + weight / (constant + 1), 0);
  const scores = new Map<string, { readonly item: Item; score: number }>();
  for (const { items, weight } of rankings) {
    for (const [rank, item] of distinct(items, idOf).entries()) {
      const fused = scores.get(idOf(item)) ?? { item, score: 0 };
      fused.score += weight / (constant + rank + 1) / best;
      scores.set(idOf(item), fused);
    }
  }
  return [...scores.values()].sort((a, b) => b.score - a.score);
}

function distinct<Item>(items: readonly Item[], idOf: (item: Item) => string): readonly Item[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(idOf(item)) && seen.add(idOf(item)));
}
