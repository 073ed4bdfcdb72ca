import { describe, expect, test } from '@jest/globals';
import type { PointKey, SearchFilter, VectorStore } from '../../activities/ports/vector-store.ts';
import { freshStores } from './fresh-stores.ts';
import { type Backing, bookIdOf, bookPoints, upsertAll } from './store-fixtures.ts';

const [ALICE, BOB] = [bookIdOf('alice'), bookIdOf('bob')];

/** What every vector store promises of looking at all its points, and of taking single ones out. */
export function vectorScanContract(name: string, start: () => Promise<Backing>): void {
  describe(`${name} as a vector store that is checked`, () => {
    const given = freshStores(start);

    test('a scan of an empty store gives no point', async () => {
      expect(await keysIn(given.stores.store)).toEqual([]);
    });

    test('a scan gives every point with its book, library, revision and ordinal', async () => {
      const points = [...bookPoints(ALICE, 'r1', 3), ...bookPoints(BOB, 'r2', 2, { library: 'other' })];
      await given.stores.store.upsert(points);
      const wanted = points.map(({ id, bookId, library, revision, ordinal }) => ({
        ...{ id, bookId, library, revision, ordinal },
      }));
      expect(await keysIn(given.stores.store)).toEqual(sorted(wanted));
    });

    test('a scan of a library, or of a book, gives only its points', async () => {
      await given.stores.store.upsert(bookPoints(ALICE, 'r1', 3));
      await given.stores.store.upsert(bookPoints(BOB, 'r1', 2, { library: "o'ther" }));
      const books = async (filter: SearchFilter): Promise<string[]> =>
        (await keysIn(given.stores.store, filter)).map(({ bookId }) => bookId);
      expect(await books({ library: "o'ther" })).toEqual([BOB, BOB]);
      expect(await books({ bookId: ALICE })).toEqual([ALICE, ALICE, ALICE]);
      expect(await books({ bookId: ALICE, library: "o'ther" })).toEqual([]);
    });

    test('a scan gives all points of many books, each once', async () => {
      const books = Array.from({ length: 64 }, (_, n) => bookPoints(bookIdOf(`book ${n}`), 'r1', 40));
      await upsertAll(given.stores.store, books.flat());
      const ids = (await keysIn(given.stores.store)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(64 * 40);
      expect(ids).toHaveLength(64 * 40);
    }, 60_000);

    test('points are deleted by their ids, and no other ones', async () => {
      const [first, second, third] = bookPoints(ALICE, 'r1', 3);
      const [other] = bookPoints(BOB, 'r1', 1);
      if (!first || !second || !third || !other) throw new Error('no points');
      await given.stores.store.upsert([first, second, third, other]);
      await given.stores.store.deletePoints(ALICE, [first.id, third.id, other.id, bookIdOf('nobody')]);
      expect((await keysIn(given.stores.store)).map(({ id }) => id).sort()).toEqual(
        [second.id, other.id].sort(),
      );
      await given.stores.store.deletePoints(ALICE, []);
      await given.stores.store.deletePoints(ALICE, [first.id]);
      expect(await given.stores.store.count(ALICE)).toBe(1);
    });

    test('a store that is gone is unreachable for a scan and a deletion', async () => {
      const [point] = bookPoints(ALICE, 'r1', 1);
      if (!point) throw new Error('no point');
      await given.stores.store.upsert([point]);
      await given.backing.lose();
      await expect(keysIn(given.stores.store)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await expect(given.stores.store.deletePoints(ALICE, [point.id])).rejects.toMatchObject({
        code: 'STORE_UNREACHABLE',
      });
    });
  });
}

async function keysIn(store: VectorStore, filter: SearchFilter = {}): Promise<PointKey[]> {
  return sorted((await Array.fromAsync(store.scan(filter))).flat());
}

function sorted(keys: readonly PointKey[]): PointKey[] {
  return [...keys].sort((a, b) => (a.id < b.id ? -1 : 1));
}
