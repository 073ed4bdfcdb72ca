/** Invariant 2: hits of committed revisions only. */
import type { Catalog } from '../ports/catalog.ts';
import type { StoredHit } from '../ports/vector-store.ts';

/** Of the hits that are wanted, so many more are fetched for those that may be stale: each costs a read of its row. */
const SPARE = 1 / 8;
/** Hits fetched at once at most, some megabytes: a store that holds more that is stale near a question wants repair. */
const MOST_FETCHED = 4_096;

/**
 * The store may hold revisions that are half-written or just replaced, so every hit is held against the catalog, and
 * more are fetched until there are `wanted`, up to a bound.
 */
export async function committedHits(
  fetch: (limit: number) => Promise<readonly StoredHit[]>,
  catalog: Catalog,
  wanted: number,
): Promise<StoredHit[]> {
  for (let limit = wanted + Math.ceil(SPARE * wanted); ; limit = Math.min(2 * limit, MOST_FETCHED)) {
    const hits = await fetch(limit);
    const books = await catalog.get([...new Set(hits.map((hit) => hit.bookId))]);
    const committed = hits.filter((hit) => books.get(hit.bookId)?.revision === hit.revision);
    const all = hits.length < limit || limit === MOST_FETCHED;
    if (committed.length >= wanted || all) return committed.slice(0, wanted);
  }
}
