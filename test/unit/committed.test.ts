/** Rankings of a store that holds more than what is committed. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import type { StoredHit } from '../../activities/ports/vector-store.ts';
import { committedRankings } from '../../activities/retrieval/committed.ts';
import { bookIdOf, bookPoints, record } from '../contract/store-fixtures.ts';

/** A ranking, and how many hits were asked for each time. */
function rankingOf(...hits: readonly StoredHit[]) {
  const limits: number[] = [];
  const fetch = async (limit: number): Promise<readonly StoredHit[]> => {
    limits.push(limit);
    return hits.slice(0, limit);
  };
  return { fetch, limits };
}

function hitsOf(name: string, revision: string, count: number): StoredHit[] {
  return bookPoints(bookIdOf(name), revision, count).map((point) => ({ ...point, score: 1 }));
}

/** A catalog in which each book has one revision, and what it was asked for. */
function catalogOf(revisions: Readonly<Record<string, string>>) {
  const looks: string[][] = [];
  const look = async (bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>> => {
    looks.push([...bookIds]);
    const books = Object.entries(revisions).map(([name, revision]) => ({ bookId: bookIdOf(name), revision }));
    return new Map(
      books
        .filter(({ bookId }) => bookIds.includes(bookId))
        .map((book) => [book.bookId, { ...record(book.bookId), ...book }]),
    );
  };
  return { look, looks };
}

test('all rankings are held against one look, which names each book once', async () => {
  const [alice, bob] = [hitsOf('alice', 'r1', 4), hitsOf('bob', 'r1', 4)];
  const { look, looks } = catalogOf({ alice: 'r1', bob: 'r1' });
  const rankings = [rankingOf(...alice, ...bob), rankingOf(...bob, ...alice)];
  const found = await committedRankings(
    rankings.map(({ fetch }) => fetch),
    look,
    8,
  );
  expect(found).toEqual([
    [...alice, ...bob],
    [...bob, ...alice],
  ]);
  expect(looks.map((ids) => ids.sort())).toEqual([[bookIdOf('alice'), bookIdOf('bob')].sort()]);
});

test('only the ranking that lacks committed hits is fetched again, deeper', async () => {
  const [old, current] = [hitsOf('alice', 'r1', 20), hitsOf('alice', 'r2', 20)];
  const [stale, fresh] = [rankingOf(...old, ...current), rankingOf(...current)];
  const { look, looks } = catalogOf({ alice: 'r2' });
  const found = await committedRankings([stale.fetch, fresh.fetch], look, 8);
  expect(found).toEqual([current.slice(0, 8), current.slice(0, 8)]);
  expect(fresh.limits).toEqual([9]);
  expect(stale.limits).toEqual([9, 18, 36]);
  expect(looks).toHaveLength(3);
});

test('a ranking that is at its end gives what it has, and an empty one nothing', async () => {
  const hits = hitsOf('alice', 'r1', 3);
  const { look } = catalogOf({ alice: 'r1' });
  const found = await committedRankings([rankingOf(...hits).fetch, rankingOf().fetch], look, 8);
  expect(found).toEqual([hits, []]);
});

test('a ranking that waited for the other one while its book was replaced is fetched anew', async () => {
  const [old, current] = [hitsOf('alice', 'r1', 8), hitsOf('alice', 'r2', 8)];
  let revision = 'r1';
  const quick = async (limit: number) => (revision === 'r1' ? old : current).slice(0, limit);
  const slow = async (): Promise<readonly StoredHit[]> => {
    await delay(300);
    revision = 'r2';
    return [];
  };
  const look = (bookIds: readonly string[]) => catalogOf({ alice: revision }).look(bookIds);
  expect(await committedRankings([quick, slow], look, 4)).toEqual([current.slice(0, 4), []]);
});
