import type { MatchQuery, Table } from '@lancedb/lancedb';
import type { SearchFilter } from '../../ports/vector-store.ts';
import { filterCondition } from './filters.ts';
import type { RankingQuery } from './kept-passages.ts';

/** Parts of the vector index that are looked at; it has one for every four thousand rows. */
const PROBES = 32;
/** So many times the limit are taken from the index, whose vectors are rounded, and ordered by the exact ones. */
const REFINE_FACTOR = 2;

/**
 * The nearest rows. Prefiltered: the filter is applied before they are chosen. Rows that the index does not hold yet are
 * compared one by one. With an index, what fits a narrow filter may lie in none of the parts that are looked at: where
 * fewer than `limit` came, they are to be looked for `exactly`, by comparing all rows that fit.
 */
export function nearest(
  table: Table,
  vector: Float32Array,
  filter: SearchFilter,
  limit: number,
  exactly = false,
): RankingQuery {
  const condition = filterCondition(filter);
  return {
    build: () => {
      const query = table.query().nearestTo(vector).distanceType('cosine').limit(limit);
      if (exactly) query.bypassVectorIndex();
      else query.nprobes(PROBES).refineFactor(REFINE_FACTOR);
      return condition === undefined ? query : query.where(condition);
    },
    scoreColumn: '_distance',
    scoreOf: (distance) => 1 - distance,
  };
}

/** Whether the filter lets some rows through and not others. */
export function isNarrowing(filter: SearchFilter): boolean {
  return filterCondition(filter) !== undefined;
}

/**
 * The rows with the best BM25, prefiltered. Without an index, and for rows that it does not hold yet, LanceDB reads the
 * texts, unless only what the index holds is wanted.
 */
export function bestMatching(
  table: Table,
  words: MatchQuery,
  filter: SearchFilter,
  limit: number,
  onlyIndexed: boolean,
): RankingQuery {
  const condition = filterCondition(filter);
  return {
    build: () => {
      const query = table.query().fullTextSearch(words).limit(limit);
      if (onlyIndexed) query.fastSearch();
      return condition === undefined ? query : query.where(condition);
    },
    scoreColumn: '_score',
    scoreOf: (score) => score,
  };
}
