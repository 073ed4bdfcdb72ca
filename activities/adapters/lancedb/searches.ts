import type { MatchQuery, Table } from '@lancedb/lancedb';
import type { SearchFilter, StoredHit } from '../../ports/vector-store.ts';
import { filterCondition } from './filters.ts';
import { lexicalHitOf, nearHitOf, passageColumns } from './point-rows.ts';

/** Parts of the vector index that are looked at. */
const PROBES = 24;
/** So many times the limit are taken from the index, whose vectors are rounded, and ordered by the exact ones. */
const REFINE_FACTOR = 4;

/**
 * The nearest rows. Prefiltered: the filter is applied before they are chosen, so that `limit` rows come if there are
 * as many. Rows that the index does not hold yet are compared one by one.
 */
export async function nearest(
  table: Table,
  vector: Float32Array,
  filter: SearchFilter,
  limit: number,
): Promise<StoredHit[]> {
  const query = table.query().nearestTo(vector).distanceType('cosine').limit(limit);
  query.nprobes(PROBES).refineFactor(REFINE_FACTOR);
  const condition = filterCondition(filter);
  if (condition !== undefined) query.where(condition);
  const rows: unknown[] = await query.select([...passageColumns, '_distance']).toArray();
  return rows.map(nearHitOf);
}

/** The rows with the best BM25, prefiltered. Without an index, and for rows that it does not hold yet, LanceDB reads the texts. */
export async function bestMatching(
  table: Table,
  words: MatchQuery,
  filter: SearchFilter,
  limit: number,
): Promise<StoredHit[]> {
  const query = table.query().fullTextSearch(words).limit(limit);
  const condition = filterCondition(filter);
  if (condition !== undefined) query.where(condition);
  const rows: unknown[] = await query.select([...passageColumns, '_score']).toArray();
  return rows.map(lexicalHitOf);
}
