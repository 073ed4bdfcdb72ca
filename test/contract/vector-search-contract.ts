import { describe, expect, test } from '@jest/globals';
import type { StoredHit } from '../../activities/ports/vector-store.ts';
import { freshStores } from './fresh-stores.ts';
import {
  AWKWARD_TEXTS,
  type Backing,
  bookIdOf,
  bookPoints,
  cosine,
  unitVector,
  upsertAll,
} from './store-fixtures.ts';

const [ALICE, BOB] = [bookIdOf('alice'), bookIdOf('bob')];

/** What every vector store promises of what it gives back. `start` gives a new, empty backing. */
export function vectorSearchContract(name: string, start: () => Promise<Backing>): void {
  describe(`${name} as a vector store that is read`, () => {
    const given = freshStores(start);

    describe('searching', () => {
      test('an empty store gives nothing', async () => {
        expect(await given.stores.store.search(unitVector('any'), {}, 10)).toEqual([]);
        expect(
          await given.stores.store.search(unitVector('any'), { library: 'default', bookId: ALICE }, 10),
        ).toEqual([]);
        expect(await given.stores.store.get([bookIdOf('any')])).toEqual([]);
      });

      test('order and scores are those of the cosine', async () => {
        const points = bookPoints(ALICE, 'r1', 500);
        await upsertAll(given.stores.store, points);
        const question = unitVector('question');
        const expected = points
          .map(({ id, vector }) => ({ id, score: cosine(question, vector) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, 25);
        const hits = await given.stores.store.search(question, {}, 25);
        expect(hits.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        hits.forEach((hit, rank) => {
          expect(hit.score).toBeCloseTo(expected[rank]?.score ?? Number.NaN, 4);
        });
      });

      test('the opposite of a vector scores −1', async () => {
        const [point] = bookPoints(ALICE, 'r1', 1);
        if (point === undefined) throw new Error('no point');
        await given.stores.store.upsert([point]);
        const [hit] = await given.stores.store.search(
          point.vector.map((value) => -value),
          {},
          1,
        );
        expect(hit?.score).toBeCloseTo(-1, 4);
      });

      test('filters are applied before the limit', async () => {
        await given.stores.store.upsert(bookPoints(ALICE, 'r1', 100, { library: 'one' }));
        await given.stores.store.upsert(bookPoints(BOB, 'r1', 3, { library: 'two' }));
        const [near] = bookPoints(ALICE, 'r1', 1);
        const question = near?.vector ?? unitVector('any');
        const inTwo = await given.stores.store.search(question, { library: 'two' }, 10);
        expect(inTwo.map(({ bookId }) => bookId)).toEqual([BOB, BOB, BOB]);
        const ofAlice = await given.stores.store.search(question, { bookId: ALICE }, 10);
        expect(new Set(ofAlice.map(({ bookId }) => bookId))).toEqual(new Set([ALICE]));
        expect(ofAlice).toHaveLength(10);
        expect(await given.stores.store.search(question, { library: 'two', bookId: ALICE }, 10)).toEqual([]);
      });

      test('a hit carries the whole passage', async () => {
        const [point] = bookPoints(ALICE, 'r1', 1);
        if (point === undefined) throw new Error('no point');
        await given.stores.store.upsert([point]);
        const { vector, ...passage } = point;
        const [hit] = await given.stores.store.search(vector, {}, 1);
        expect(withoutScore(hit)).toEqual(passage);
      });

      test('what a book does not say stays unsaid', async () => {
        const unsaid = { author: null, language: null, year: null, page: null, section: [] };
        const [point] = bookPoints(ALICE, 'r1', 1, unsaid);
        if (point === undefined) throw new Error('no point');
        await given.stores.store.upsert([point]);
        expect(await given.stores.store.get([point.id])).toMatchObject([unsaid]);
      });

      test('a question of the wrong size is refused', async () => {
        await expect(given.stores.store.search(new Float32Array(3), {}, 1)).rejects.toMatchObject({
          code: 'STORE_REJECTED',
        });
      });

      test('a limit of none gives none', async () => {
        await given.stores.store.upsert(bookPoints(ALICE, 'r1', 1));
        expect(await given.stores.store.search(unitVector('any'), {}, 0)).toEqual([]);
      });

      test('passages come in the order of their ids; unknown ids are left out', async () => {
        const ids = bookPoints(ALICE, 'r1', 4).map(({ id }) => id);
        await given.stores.store.upsert(bookPoints(ALICE, 'r1', 4));
        const wanted = [ids[3] ?? '', bookIdOf('nobody'), ids[0] ?? '', 'no uuid', `' OR '1'='1`];
        expect((await given.stores.store.get(wanted)).map(({ ordinal }) => ordinal)).toEqual([3, 0]);
      });

      test('passages are the same ones, whatever they are said to be near to', async () => {
        const { store } = given.stores;
        const points = bookPoints(ALICE, 'r1', 6);
        await store.upsert(points);
        await store.upsert(bookPoints(BOB, 'r1', 3));
        const id = (at: number): string => points[at]?.id ?? '';
        await store.search(unitVector('any'), {}, 9);
        const near = new Map([
          // True, untrue, before the first of all, near to nobody, and near to what is not there.
          ...([[id(1), { id: id(0), after: 1 }]] as const),
          ...([[id(2), { id: id(5), after: 3 }]] as const),
          ...([[id(3), { id: id(0), after: -4 }]] as const),
          ...([[id(4), { id: id(4), after: 0 }]] as const),
          ...([[bookIdOf('nobody'), { id: id(5), after: 1 }]] as const),
          ...([[id(5), { id: bookIdOf('nobody'), after: 1 }]] as const),
        ]);
        const wanted = [...near.keys()];
        const found = await store.get(wanted, { near });
        expect(found).toEqual(await store.get(wanted));
        expect(found.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3, 4, 5]);
      });
    });

    describe('awkward texts', () => {
      test.each(AWKWARD_TEXTS)('%j comes back as it was, from every field', async (text) => {
        const texts = {
          text,
          title: text,
          author: text,
          language: text,
          path: text,
          library: text,
          section: [text, text],
        };
        const points = bookPoints(ALICE, 'r1', 2, texts);
        await given.stores.store.upsert(points);
        const hits = await given.stores.store.search(unitVector('any'), { library: text }, 10);
        expect(hits).toHaveLength(2);
        for (const hit of hits) expect(hit).toMatchObject(texts);
      });

      test.each(AWKWARD_TEXTS)('%j as book and revision counts and deletes nothing else', async (text) => {
        await given.stores.store.upsert(bookPoints(BOB, 'r1', 3));
        await given.stores.store.upsert([...bookPoints(text, text, 2), ...bookPoints(text, 'old', 1)]);
        expect(await given.stores.store.count(text, text)).toBe(2);
        expect(await given.stores.store.deleteStale(text, text)).toBe(1);
        await given.stores.store.delete(text);
        expect(await given.stores.store.count(text)).toBe(0);
        expect(await given.stores.store.count(BOB)).toBe(3);
      });

      test('half of a surrogate pair becomes the replacement character', async () => {
        const points = bookPoints(ALICE, 'r1', 1, { text: 'a\ud83db', section: ['\udc00'] });
        await given.stores.store.upsert(points);
        expect(await given.stores.store.get(points.map(({ id }) => id))).toMatchObject([
          { text: 'a\ufffdb', section: ['\ufffd'] },
        ]);
      });
    });
  });
}

function withoutScore(hit: StoredHit | undefined): unknown {
  if (hit === undefined) return undefined;
  const { score: _, ...passage } = hit;
  return passage;
}
