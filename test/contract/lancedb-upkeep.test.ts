/** The upkeep of a real LanceDB table: what searches give is the same before, in the middle of, and after it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as lance from '@lancedb/lancedb';
import { AskedMark } from '../../activities/adapters/lancedb/asked-mark.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { wantedIndexes } from '../../activities/adapters/lancedb/upkeep-plan.ts';
import { takeStep } from '../../activities/adapters/lancedb/upkeep-steps.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import {
  bookIdOf,
  bookPoints,
  closeStores,
  DIMENSIONS,
  type Stores,
  unitVector,
  upsertAll,
} from './store-fixtures.ts';

const BOOKS = 60;
const signal = new AbortController().signal;

describe('the upkeep of LanceDB', () => {
  let folder: string;
  let stores: Stores;

  const open = async (): Promise<Stores> =>
    await openLanceStores({ folder, embedderId: 'model', dimensions: DIMENSIONS });
  const table = async (): Promise<lance.Table> => {
    const connection = await lance.connect(folder, { readConsistencyInterval: 0 });
    return await connection.openTable(pointTableName('model', DIMENSIONS));
  };
  const indexNames = async (): Promise<string[]> =>
    (await (await table()).listIndices()).map(({ name }) => name).sort();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scriptorium-lance-'));
    stores = await open();
  });

  afterEach(async () => {
    await closeStores(stores);
    await rm(folder, { recursive: true, force: true });
  });

  const points = (n: number, count = 100): StoredPoint[] =>
    bookPoints(bookIdOf(`book ${n}`), 'r1', count).map((point) => ({
      ...point,
      text: `Passage ${point.ordinal} tells of lamp${n} and shore${point.ordinal}.`,
    }));
  const fill = async (): Promise<void> => {
    await upsertAll(stores.store, Array.from({ length: BOOKS }, (_, n) => points(n)).flat());
  };
  /** As version 0.1 left it. */
  const dropIndexes = async (): Promise<void> => {
    const opened = await table();
    for (const { name } of await opened.listIndices()) await opened.dropIndex(name);
  };
  const answers = async (): Promise<unknown> => {
    const ids = (hits: readonly { readonly id: string }[]): string[] => hits.map(({ id }) => id);
    const filter = { bookId: bookIdOf('book 7') };
    return [
      ids(await stores.store.search(unitVector('any'), {}, 20)),
      ids(await stores.store.search(unitVector('any'), filter, 20)),
      new Set(ids(await stores.store.searchText('lamp7', {}, 200))),
      ids(await stores.store.searchText('lamp7 shore42', filter, 1)),
      new Set(ids(await stores.store.searchText('shore42', {}, 200))),
      await stores.store.count(bookIdOf('book 7')),
    ];
  };

  test('builds what version 0.1 did not have, and changes no answer', async () => {
    await fill();
    await dropIndexes();
    const before = await answers();
    expect(await stores.store.needsUpkeep()).toBe(true);
    const { done, more } = await stores.store.maintain(signal);
    expect(done).toEqual([expect.stringMatching(/^built text_idx in/)]);
    expect(more).toBe(false);
    expect(await indexNames()).toEqual(['text_idx']);
    expect(await answers()).toEqual(before);
    expect(await stores.store.needsUpkeep()).toBe(false);
    expect(await stores.store.maintain(signal)).toEqual({ done: [], more: false });
  }, 60_000);

  test('that is killed in the middle loses nothing, and can be done again', async () => {
    await fill();
    await dropIndexes();
    const before = await answers();
    const killed = new AbortController();
    const upkeep = stores.store.maintain(killed.signal);
    killed.abort(new Error('killed'));
    await expect(upkeep).rejects.toThrow('killed');
    expect(await answers()).toEqual(before);
    await stores.store.maintain(signal);
    expect(await answers()).toEqual(before);
    expect(await indexNames()).toEqual(['text_idx']);
  }, 60_000);

  test('goes on beside writes, and what they acknowledged is found', async () => {
    await fill();
    await dropIndexes();
    const upkeep = stores.store.maintain(signal);
    for (let n = BOOKS; n < BOOKS + 10; n++) await stores.store.upsert(points(n, 10));
    await stores.store.delete(bookIdOf('book 3'));
    await upkeep;
    expect(await stores.store.searchText('lamp65', {}, 100)).toHaveLength(10);
    expect(await stores.store.searchText('lamp3', {}, 100)).toEqual([]);
    expect(await stores.store.searchText('lamp4', {}, 200)).toHaveLength(100);
  }, 60_000);

  test('what fits a narrow filter is found, wherever the index of the vectors has put it', async () => {
    await fill();
    const config = lance.Index.ivfRq({ distanceType: 'cosine', numPartitions: 200, numBits: 4 });
    await (await table()).createIndex('vector', { config, name: 'vector_idx', replace: true });
    for (const book of [3, 31, 59]) {
      const bookId = bookIdOf(`book ${book}`);
      const hits = await stores.store.search(unitVector('any'), { bookId }, 60);
      expect(hits).toHaveLength(60);
      expect(new Set(hits.map((hit) => hit.bookId))).toEqual(new Set([bookId]));
    }
  }, 60_000);

  test('words of the newest rows of a large table wait for it, meaning and filters do not', async () => {
    const books = (from: number, to: number): StoredPoint[] =>
      Array.from({ length: to - from }, (_, n) => points(from + n)).flat();
    await upsertAll(stores.store, books(0, 250));
    const compacted = { kind: 'compact' } as const;
    await takeStep(lance, await table(), compacted);
    let leftOut = 0;
    const onLeftOut = (): void => {
      leftOut += 1;
    };
    const found = async (filter = {}, promptly = true) =>
      (await stores.store.searchText('lamp250', filter, 200, { promptly, onLeftOut })).length;
    await upsertAll(stores.store, books(250, 260));
    expect(await found()).toBe(100);
    expect(leftOut).toBe(0);
    await stores.store.upsert(points(260, 1));
    expect(await found()).toBe(0);
    expect(leftOut).toBe(1);
    expect(await found({}, false)).toBe(100);
    expect(leftOut).toBe(1);
    expect(await stores.store.health()).toContain('the words of 1001 wait for upkeep');
    expect(await found({ bookId: bookIdOf('book 250') })).toBe(100);
    const [newest] = points(250, 1);
    const [nearest] = await stores.store.search(newest?.vector ?? unitVector('any'), {}, 1);
    expect(nearest?.id).toBe(newest?.id);
    await takeStep(lance, await table(), compacted);
    expect(await found()).toBe(100);
    expect(await stores.store.health()).not.toContain('wait');
  }, 120_000);

  test('hears of the questions that another process answers', async () => {
    await fill();
    const other = await open();
    const marks = async () => (await readdir(folder)).filter((name) => name.endsWith('.asked'));
    await other.store.upsert(points(BOOKS, 10));
    await other.store.count(bookIdOf('book 3'));
    expect(await marks()).toEqual([]);
    await other.store.searchText('lamp3', {}, 5);
    await closeStores(other);
    const [mark = ''] = await marks();
    expect(await new AskedMark(join(folder, mark)).isRecent()).toBe(true);
  }, 60_000);

  test('every index that it knows can be built, and filters and searches give the same with it', async () => {
    await fill();
    const before = await answers();
    for (const index of wantedIndexes) await takeStep(lance, await table(), { kind: 'build', index });
    expect(await indexNames()).toEqual(wantedIndexes.map(({ name }) => name).sort());
    expect(await answers()).toEqual(before);
    await stores.store.upsert(points(BOOKS, 50));
    await stores.store.delete(bookIdOf('book 9'));
    expect(await stores.store.searchText(`lamp${BOOKS}`, {}, 100)).toHaveLength(50);
    expect(await stores.store.searchText('lamp9', {}, 200)).toEqual([]);
    const [own] = points(BOOKS, 1);
    const [nearest] = await stores.store.search(own?.vector ?? unitVector('any'), {}, 1);
    expect(nearest?.id).toBe(own?.id);
    expect(nearest?.score).toBeCloseTo(1, 4);
    const inSection = await stores.store.search(
      unitVector('any'),
      { section: 'Chapter', pages: { from: 90 } },
      5,
    );
    expect(inSection).toHaveLength(5);
  }, 120_000);
});
