import { beforeEach, describe, expect, test } from '@jest/globals';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { freshStores } from './fresh-stores.ts';
import {
  type Backing,
  bookIdOf,
  bookPoints,
  closeStores,
  DIMENSIONS,
  unitVector,
  upsertAll,
} from './store-fixtures.ts';

const [ALICE, BOB] = [bookIdOf('alice'), bookIdOf('bob')];

/** What every vector store promises of what it keeps. `start` gives a new, empty backing. */
export function vectorStoreContract(name: string, start: () => Promise<Backing>): void {
  describe(`${name} as a vector store that is written`, () => {
    const given = freshStores(start);

    describe('writing', () => {
      test('the same points twice are there once', async () => {
        const points = bookPoints(ALICE, 'r1', 20);
        await given.stores.store.upsert(points);
        await given.stores.store.upsert(points);
        expect(await given.stores.store.count(ALICE)).toBe(20);
      });

      test('a point written again has its new text and its new vector', async () => {
        const points = bookPoints(ALICE, 'r1', 5);
        await given.stores.store.upsert(points);
        const vector = unitVector('elsewhere');
        await given.stores.store.upsert(
          points.slice(2, 3).map((point) => ({ ...point, text: 'Corrected.', vector })),
        );
        const [best] = await given.stores.store.search(vector, {}, 1);
        expect(best).toMatchObject({ id: points[2]?.id, text: 'Corrected.' });
        expect(best?.score).toBeCloseTo(1, 4);
        expect(await given.stores.store.count(ALICE)).toBe(5);
      });

      test('old and new points in one call', async () => {
        await given.stores.store.upsert(bookPoints(ALICE, 'r1', 5));
        await given.stores.store.upsert(bookPoints(ALICE, 'r1', 9));
        expect(await given.stores.store.count(ALICE)).toBe(9);
      });

      test('a point twice in one call is there once, as it came last', async () => {
        const [point] = bookPoints(ALICE, 'r1', 1);
        if (point === undefined) throw new Error('no point');
        await given.stores.store.upsert([point, { ...point, text: 'The later one.' }]);
        expect(await given.stores.store.count(ALICE)).toBe(1);
        expect(await given.stores.store.get([point.id])).toMatchObject([{ text: 'The later one.' }]);
      });

      test('no points at all are no error', async () => {
        await expect(given.stores.store.upsert([])).resolves.toBeUndefined();
      });

      test.each([
        ['too short', new Float32Array(DIMENSIONS - 1)],
        ['too long', new Float32Array(DIMENSIONS + 1)],
        ['not a number', new Float32Array(DIMENSIONS).fill(Number.NaN)],
        ['infinite', new Float32Array(DIMENSIONS).fill(Number.POSITIVE_INFINITY)],
      ])('a vector that is %s is refused, and nothing of its call is written', async (_, vector) => {
        const points = [...bookPoints(ALICE, 'r1', 2), ...bookPoints(BOB, 'r1', 1, { vector })];
        await expect(given.stores.store.upsert(points)).rejects.toMatchObject({ code: 'STORE_REJECTED' });
        expect(await given.stores.store.count(ALICE)).toBe(0);
      });

      test('a refused call does no harm to the calls beside it', async () => {
        const bad = bookPoints(BOB, 'r1', 3).map((point) => ({ ...point, vector: new Float32Array(3) }));
        const outcomes = await Promise.allSettled([
          given.stores.store.upsert(bookPoints(ALICE, 'r1', 10)),
          given.stores.store.upsert(bad),
          given.stores.store.upsert(bookPoints(bookIdOf('carol'), 'r1', 10)),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await given.stores.store.count(ALICE)).toBe(10);
        expect(await given.stores.store.count(BOB)).toBe(0);
      });
    });

    describe('counting and deleting', () => {
      beforeEach(async () => {
        await given.stores.store.upsert([...bookPoints(ALICE, 'r1', 7), ...bookPoints(ALICE, 'r2', 11)]);
        await given.stores.store.upsert(bookPoints(BOB, 'r1', 5));
      });

      test('counts are exact, of a book and of a revision', async () => {
        expect(await given.stores.store.count(ALICE)).toBe(18);
        expect(await given.stores.store.count(ALICE, 'r1')).toBe(7);
        expect(await given.stores.store.count(ALICE, 'r2')).toBe(11);
        expect(await given.stores.store.count(ALICE, 'r3')).toBe(0);
        expect(await given.stores.store.count(bookIdOf('nobody'))).toBe(0);
      });

      test('deleteStale keeps the revision and other books, and says how many went', async () => {
        expect(await given.stores.store.deleteStale(ALICE, 'r2')).toBe(7);
        expect(await given.stores.store.count(ALICE)).toBe(11);
        expect(await given.stores.store.count(ALICE, 'r2')).toBe(11);
        expect(await given.stores.store.count(BOB)).toBe(5);
      });

      test('deleteStale again finds nothing', async () => {
        await given.stores.store.deleteStale(ALICE, 'r2');
        expect(await given.stores.store.deleteStale(ALICE, 'r2')).toBe(0);
        expect(await given.stores.store.count(ALICE)).toBe(11);
      });

      test('deleting a revision leaves the other', async () => {
        await given.stores.store.delete(ALICE, 'r2');
        expect(await given.stores.store.count(ALICE)).toBe(7);
        expect(await given.stores.store.count(BOB)).toBe(5);
      });

      test('deleting a book leaves other books', async () => {
        await given.stores.store.delete(ALICE);
        expect(await given.stores.store.count(ALICE)).toBe(0);
        expect(await given.stores.store.count(BOB)).toBe(5);
      });

      test('deleting what is not there is no error', async () => {
        await given.stores.store.delete(bookIdOf('nobody'));
        await given.stores.store.delete(ALICE, 'r3');
        expect(await given.stores.store.count(ALICE)).toBe(18);
      });

      test('deleted points are not found', async () => {
        const points = bookPoints(ALICE, 'r1', 7);
        await given.stores.store.deleteStale(ALICE, 'r2');
        expect(await given.stores.store.get(points.map(({ id }) => id))).toEqual([]);
        const hits = await given.stores.store.search(unitVector('any'), { bookId: ALICE }, 100);
        expect(new Set(hits.map(({ revision }) => revision))).toEqual(new Set(['r2']));
      });

      test('a new revision beside the old, then the old away, over and over', async () => {
        for (const revision of ['r3', 'r4', 'r5']) {
          await given.stores.store.upsert(bookPoints(BOB, revision, 5));
          expect(await given.stores.store.count(BOB)).toBe(10);
          expect(await given.stores.store.deleteStale(BOB, revision)).toBe(5);
        }
        expect(await given.stores.store.count(BOB, 'r5')).toBe(5);
      });
    });

    describe('size and concurrency', () => {
      test('10,000 points are counted, found and replaced', async () => {
        const points = bookPoints(ALICE, 'r1', 10_000);
        await upsertAll(given.stores.store, points);
        await given.stores.store.upsert(points.slice(4_990, 5_010));
        expect(await given.stores.store.count(ALICE)).toBe(10_000);
        const target = points[7_777];
        const [best] = await given.stores.store.search(
          target?.vector ?? unitVector('any'),
          { library: 'default' },
          1,
        );
        expect(best?.ordinal).toBe(7_777);
        expect(await given.stores.store.deleteStale(ALICE, 'r2')).toBe(10_000);
        expect(await given.stores.store.count(ALICE)).toBe(0);
      }, 120_000);

      test('20 books at once, through two instances', async () => {
        const other = await given.backing.open();
        const books = Array.from({ length: 20 }, (_, index) => bookIdOf(`book ${index}`));
        await Promise.all(
          books.map(async (bookId, index) => {
            const { store } = index % 2 === 0 ? given.stores : other;
            await store.upsert(bookPoints(bookId, 'r1', 15));
            await store.upsert(bookPoints(bookId, 'r2', 10));
            expect(await store.count(bookId)).toBe(25);
            expect(await store.deleteStale(bookId, 'r2')).toBe(15);
          }),
        );
        await closeStores(other);
        for (const bookId of books) expect(await given.stores.store.count(bookId)).toBe(10);
      });

      test('the same point from several callers at once is there once', async () => {
        const point = (text: string): StoredPoint[] => bookPoints(ALICE, 'r1', 1, { text });
        const { store } = given.stores;
        await Promise.all([
          store.upsert(point('first')),
          store.upsert(point('second')),
          store.upsert(point('third')),
        ]);
        const ids = point('').map(({ id }) => id);
        expect(await store.get(ids)).toHaveLength(1);
        expect(await store.count(ALICE)).toBe(1);
      });

      test('what one instance was acknowledged, another sees at once', async () => {
        const other = await given.backing.open();
        for (const count of [1, 2, 3, 4, 5]) {
          await given.stores.store.upsert(bookPoints(ALICE, `r${count}`, 1));
          expect(await other.store.count(ALICE)).toBe(count);
        }
        await closeStores(other);
      });
    });

    test('two embedders never meet', async () => {
      const other = await given.backing.open('another model');
      const wider = await given.backing.open(undefined, DIMENSIONS + 1);
      await given.stores.store.upsert(bookPoints(ALICE, 'r1', 3));
      expect(await other.store.search(unitVector('any'), {}, 10)).toEqual([]);
      expect(await wider.store.count(ALICE)).toBe(0);
      await wider.store.upsert(bookPoints(ALICE, 'r1', 2, {}, DIMENSIONS + 1));
      expect(await given.stores.store.count(ALICE)).toBe(3);
      await closeStores(other);
      await closeStores(wider);
    });

    test('everything is there after closing and opening', async () => {
      await given.stores.store.upsert(bookPoints(ALICE, 'r1', 30));
      await closeStores(given.stores);
      given.stores = await given.backing.open();
      expect(await given.stores.store.count(ALICE)).toBe(30);
      expect(await given.stores.store.search(unitVector('any'), {}, 3)).toHaveLength(3);
    });

    test('health is one line that names the passages', async () => {
      await given.stores.store.upsert(bookPoints(ALICE, 'r1', 30));
      expect(await given.stores.store.health()).toMatch(/^[^\n]*\b30 passages[^\n]*$/);
    });

    test('a store that is gone is unreachable for every call', async () => {
      await given.stores.store.upsert(bookPoints(ALICE, 'r1', 3));
      await given.backing.lose();
      const { store } = given.stores;
      const calls = [
        () => store.upsert(bookPoints(BOB, 'r1', 3)),
        () => store.count(ALICE),
        () => store.deleteStale(ALICE, 'r2'),
        () => store.delete(ALICE),
        () => store.search(unitVector('any'), {}, 1),
        () => store.get([bookIdOf('any')]),
        () => store.health(),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    });
  });
}
