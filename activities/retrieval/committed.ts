/** Invariant 2: hits of committed revisions only. */
import type { Catalog } from '../ports/catalog.ts';
import type { StoredHit } from '../ports/vector-store.ts';

/** Of the hits that are wanted, so many more are fetched for those that may be stale: each costs a read of its row. */
const SPARE = 1 / 8;
/** Hits fetched at once at most, some megabytes: a store that holds more that is stale near a question wants repair. */
const MOST_FETCHED = 4_096;
/** A ranking that waited so long for another one, as for an endpoint that embeds, may be of books that were replaced since. */
const LONG_AGO_MS = 200;

/** Gives the first `limit` hits of a ranking. */
type Fetch = (limit: number) => Promise<readonly StoredHit[]>;

interface Ranking {
  readonly fetch: Fetch;
  committed: readonly StoredHit[];
  /** Whether it was fetched anew because it was outdated; once is enough. */
  renewed: boolean;
  over: boolean;
}

/**
 * The store may hold revisions that are half-written or just replaced, so every hit is held against the catalog, and
 * more are fetched until there are `wanted` of each ranking, up to a bound. The rankings are fetched at the same time, and
 * their books looked up together.
 */
export async function committedRankings(
  fetches: readonly Fetch[],
  look: Catalog['get'],
  wanted: number,
): Promise<(readonly StoredHit[])[]> {
  const rankings = fetches.map((fetch): Ranking => ({ fetch, committed: [], renewed: false, over: false }));
  for (let limit = wanted + Math.ceil(SPARE * wanted); ; limit = Math.min(2 * limit, MOST_FETCHED)) {
    const open = rankings.filter(({ over }) => !over);
    const fetched = await Promise.all(open.map((ranking) => fetchedNow(ranking, limit)));
    const bookIds = new Set(fetched.flatMap(({ hits }) => hits.map(({ bookId }) => bookId)));
    const books = await look([...bookIds]);
    for (const { ranking, hits, atMs } of fetched) {
      const committed = hits.filter((hit) => books.get(hit.bookId)?.revision === hit.revision);
      const outdated = committed.length < hits.length && performance.now() - atMs > LONG_AGO_MS;
      const all = hits.length < limit || limit === MOST_FETCHED;
      ranking.committed = committed.slice(0, wanted);
      ranking.over = (committed.length >= wanted || all) && (!outdated || ranking.renewed);
      ranking.renewed ||= outdated;
    }
    if (rankings.every(({ over }) => over)) return rankings.map(({ committed }) => committed);
  }
}

async function fetchedNow(ranking: Ranking, limit: number) {
  const hits = await ranking.fetch(limit);
  return { ranking, hits, atMs: performance.now() };
}
