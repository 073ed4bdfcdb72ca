/** Rows that a search gave are kept for the next one: nobody must ever see that they are. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type Table } from '@lancedb/lancedb';
import { KeptPassages } from '../../activities/adapters/lancedb/kept-passages.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { nearest } from '../../activities/adapters/lancedb/searches.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import type { StoredHit } from '../../activities/ports/vector-store.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';
import {
  bookIdOf,
  bookPoints,
  closeStores,
  cosine,
  DIMENSIONS,
  type Stores,
  unitVector,
} from './store-fixtures.ts';

const [ALICE, BOB] = [bookIdOf('alice'), bookIdOf('bob')];
const QUESTION = unitVector('question');

let folder: TempFolder;
let stores: Stores;
let other: Stores;
let table: Table;

beforeEach(async () => {
  folder = await tempFolder();
  const options = { folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS };
  stores = await openLanceStores(options);
  other = await openLanceStores(options);
  const connection = await connect(folder.path, { readConsistencyInterval: 0 });
  table = await connection.openTable(pointTableName('model', DIMENSIONS));
});
afterEach(async () => {
  await closeStores(stores);
  await closeStores(other);
  await folder[Symbol.asyncDispose]();
});

const near = (limit = 200): Promise<readonly StoredHit[]> => stores.store.search(QUESTION, {}, limit);
const worded = (limit = 200): Promise<readonly StoredHit[]> => stores.store.searchText('passage', {}, limit);

/** A text says which point it is of, and the score of a search by meaning which vector stands beside it. */
function expectOwnTexts(hits: readonly StoredHit[]): void {
  expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
  for (const { text, ordinal, bookId, path } of hits)
    expect([text, path]).toEqual([`Passage ${ordinal} of ${bookId}.`, `/library/${bookId}.pdf`]);
}

function expectOwnScores(hits: readonly StoredHit[]): void {
  expectOwnTexts(hits);
  for (const { bookId, revision, ordinal, score } of hits)
    expect(score).toBeCloseTo(cosine(QUESTION, unitVector(`${bookId} ${revision} ${ordinal}`)), 4);
}

describe('a search that was made before', () => {
  test('gives the same again, and more where more is wanted', async () => {
    await stores.store.upsert(bookPoints(ALICE, 'r1', 100));
    for (const ask of [near, worded]) {
      const first = await ask(20);
      expect(first).toHaveLength(20);
      expect(await ask(20)).toEqual(first);
      const more = await ask(60);
      expect(more).toHaveLength(60);
      expectOwnTexts(more);
    }
    expect((await near(60)).slice(0, 20)).toEqual(await near(20));
  });

  test('sees what another process wrote, replaced, deleted and moved since', async () => {
    await stores.store.upsert(bookPoints(ALICE, 'r1', 30));
    await near();
    await other.store.upsert(bookPoints(BOB, 'r1', 30));
    expect(new Set((await near()).map(({ bookId }) => bookId))).toEqual(new Set([ALICE, BOB]));
    await other.store.upsert(bookPoints(BOB, 'r1', 30, { title: 'Another' }));
    expect((await near()).filter(({ title }) => title === 'Another')).toHaveLength(30);
    await other.store.delete(ALICE);
    expect(await near()).toHaveLength(30);
    // Other rows have the numbers afterwards.
    await table.optimize();
    const moved = await near();
    expect(moved).toHaveLength(30);
    expectOwnScores(moved);
    expect(await stores.store.get(moved.map(({ id }) => id))).toHaveLength(30);
  });

  test('knows where its neighbours lie, and finds them where they were moved, replaced or deleted since', async () => {
    const points = bookPoints(ALICE, 'r1', 30);
    await stores.store.upsert(points);
    const ids = points.map(({ id }) => id);
    const beside = new Map(ids.slice(1).map((id, at) => [id, { id: ids[at] ?? '', after: 1 }]));
    const ordinals = async (): Promise<number[]> =>
      (await stores.store.get(ids.slice(1), { near: beside })).map(({ ordinal }) => ordinal);
    const all = Array.from({ length: 29 }, (_, at) => at + 1);
    await near();
    expect(await ordinals()).toEqual(all);
    await other.store.upsert(bookPoints(BOB, 'r1', 30));
    await table.optimize();
    expect(await ordinals()).toEqual(all);
    await near();
    // Written anew in the opposite order: what is beside a row now was not before.
    await other.store.upsert([...points].reverse().map((point) => ({ ...point, title: 'Another' })));
    expect(await ordinals()).toEqual(all);
    expect((await stores.store.get(ids, { near: beside })).every(({ title }) => title === 'Another')).toBe(
      true,
    );
    await near();
    await other.store.deletePoints(ALICE, [ids[3] ?? '', ids[7] ?? '']);
    expect(await ordinals()).toEqual(all.filter((ordinal) => ordinal !== 3 && ordinal !== 7));
  });

  test('says where its neighbours lie for as long as they are there, without a look for their ids', async () => {
    const points = bookPoints(ALICE, 'r1', 12);
    await stores.store.upsert(points);
    const ids = points.map(({ id }) => id);
    const kept = new KeptPassages(100);
    const hits = await kept.hits(table, nearest(table, QUESTION, {}, 6));
    const beside = new Map(hits.map(({ ordinal, id }) => [ids[ordinal + 1] ?? '', { id, after: 1 }]));
    beside.delete('');
    const wanted = [...beside.keys()];
    const found = await kept.passagesNear(table, wanted, beside);
    expect(found.map(({ id }) => id).sort()).toEqual([...wanted].sort());
    expectOwnTexts(found.map((passage) => ({ ...passage, score: 0 })));
    await other.store.upsert(bookPoints(BOB, 'r1', 3));
    expect(await kept.passagesNear(table, wanted, beside)).toHaveLength(wanted.length);
    await other.store.deletePoints(ALICE, wanted.slice(0, 2));
    expect(await kept.passagesNear(table, wanted, beside)).toHaveLength(wanted.length - 2);
    await table.optimize();
    expect(await kept.passagesNear(table, wanted, beside)).toEqual([]);
  });

  test('gives no row the text of another while rows are written and moved all the time', async () => {
    let over = false;
    const write = async (): Promise<void> => {
      for (let round = 0; !over; round++) {
        const book = bookIdOf(`book ${round % 5}`);
        await other.store.upsert(bookPoints(book, `r${round}`, 12));
        await other.store.deleteStale(book, `r${round}`);
        if (round % 3 === 0) await table.optimize().catch(() => {});
      }
    };
    const writing = write();
    try {
      const until = Date.now() + 5_000;
      let asked = 0;
      while (Date.now() < until) {
        const [most, words, few, more] = await Promise.all([near(40), worded(40), near(10), worded(60)]);
        for (const hits of [most, few]) expectOwnScores(hits);
        for (const hits of [words, more]) expectOwnTexts(hits);
        asked += 1;
      }
      expect(asked).toBeGreaterThan(10);
    } finally {
      over = true;
      await writing;
    }
  }, 60_000);
});
