/** Books that are counted in memory: nobody must ever be told of a row that the table doesn't hold. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type Table } from '@lancedb/lancedb';
import fc from 'fast-check';
import { countsOf } from '../../activities/adapters/lancedb/deletions.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { pointRows, pointSchema } from '../../activities/adapters/lancedb/point-rows.ts';
import { RevisionTally } from '../../activities/adapters/lancedb/revision-tally.ts';
import { pointTableName } from '../../activities/adapters/lancedb/vector-store.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';
import { bookIdOf, bookPoints, closeStores, DIMENSIONS, type Stores } from './store-fixtures.ts';

const book = (index: number): string => bookIdOf(`book ${index}`);
const rowsOf = (points: readonly StoredPoint[]) => pointRows(points, pointSchema(DIMENSIONS), DIMENSIONS);

let folder: TempFolder;
let stores: Stores;
let table: Table;
let foreign: Table;

const open = async (): Promise<Stores> =>
  await openLanceStores({ folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS });

const openTable = async (): Promise<Table> => {
  const connection = await connect(folder.path, { readConsistencyInterval: 0 });
  return await connection.openTable(pointTableName('model', DIMENSIONS));
};

beforeEach(async () => {
  folder = await tempFolder();
  stores = await open();
  table = await openTable();
  foreign = await openTable();
});
afterEach(async () => {
  await closeStores(stores);
  await folder[Symbol.asyncDispose]();
});

describe('a tally', () => {
  let now = 0;
  let tally: RevisionTally;
  /** One look at the clock, so that taking stock takes two milliseconds. */
  const tick = (): number => (now += 2);

  beforeEach(() => {
    now = 0;
    tally = new RevisionTally({ now: tick });
  });

  const append = async (points: readonly StoredPoint[]): Promise<void> =>
    await tally.append(table, points, () => table.add(rowsOf(points)));
  const known = async (...indexes: number[]) => {
    const counts = await tally.of(table, indexes.map(book));
    return counts && Object.fromEntries([...counts].map(([id, each]) => [id, Object.fromEntries(each)]));
  };

  test('knows what was there before it, and each append', async () => {
    await foreign.add(rowsOf(bookPoints(book(1), 'r1', 3)));
    expect(await known(1, 2)).toEqual({ [book(1)]: { r1: 3 } });
    await append([...bookPoints(book(1), 'r2', 4), ...bookPoints(book(2), 'r1', 5)]);
    expect(await known(1, 2)).toEqual({ [book(1)]: { r1: 3, r2: 4 }, [book(2)]: { r1: 5 } });
    // The time to take stock again has not come: all of it was counted.
    expect(now).toBeLessThanOrEqual(4);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['an append of another process', () => foreign.add(rowsOf(bookPoints(book(3), 'r1', 1)))],
    ['a deletion', () => foreign.delete(`book_id = '${book(1)}'`)],
    ['a compaction', () => foreign.optimize()],
  ])('vouches for nothing after %s, until it has taken stock', async (_name, change) => {
    await append(bookPoints(book(0), 'r1', 2));
    await append(bookPoints(book(1), 'r1', 2));
    expect(await known(0)).toEqual({ [book(0)]: { r1: 2 } });
    await change();
    expect(await known(0)).toBeNull();
    await append(bookPoints(book(2), 'r1', 2));
    expect(await known(2)).toBeNull();
    now += 1_000;
    const truth = await countsOf(table, new Set([0, 1, 2, 3].map(book)));
    expect(await tally.of(table, [0, 1, 2, 3].map(book))).toEqual(truth);
  });

  test('vouches for nothing when an append left other rows than were written', async () => {
    expect(await known(1)).toEqual({});
    const written = bookPoints(book(1), 'r1', 4);
    await tally.append(table, written, () => table.add(rowsOf(written.slice(0, 3))));
    expect(await known(1)).toBeNull();
  });

  test('fails with what the append failed with, and goes on', async () => {
    const broken = () => Promise.reject(new Error('the disk is full'));
    await expect(tally.append(table, [], broken)).rejects.toThrow('the disk is full');
    await append(bookPoints(book(1), 'r1', 2));
    expect(await known(1)).toEqual({ [book(1)]: { r1: 2 } });
  });

  test('leaves a table of more books than it may keep to scans', async () => {
    const small = new RevisionTally({ mostBooks: 2 });
    for (const index of [1, 2]) await foreign.add(rowsOf(bookPoints(book(index), 'r1', 1)));
    expect(await small.of(table, [book(1)])).not.toBeNull();
    await foreign.add(rowsOf(bookPoints(book(3), 'r1', 1)));
    const large = new RevisionTally({ mostBooks: 2 });
    expect(await large.of(table, [book(1)])).toBeNull();
  });
});

/** What may happen to a book; each by either of two processes. */
const step = fc.record({
  process: fc.nat(1),
  index: fc.nat(2),
  revision: fc.constantFrom('r1', 'r2'),
  rows: fc.integer({ min: 1, max: 5 }),
  what: fc.constantFrom('new', 'new', 'new', 'again', 'delete', 'stale', 'compact', 'restart'),
});

test('two stores count what is there, whatever was written, deleted and compacted by whom', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      await using elsewhere = await tempFolder();
      const options = { folder: elsewhere.path, embedderId: 'model', dimensions: DIMENSIONS };
      const both = [await openLanceStores(options), await openLanceStores(options)];
      const connection = await connect(elsewhere.path, { readConsistencyInterval: 0 });
      const points = await connection.openTable(pointTableName('model', DIMENSIONS));
      for (const { process, index, revision, rows, what } of steps) {
        const { store } = both[process] ?? stores;
        const passages = bookPoints(book(index), revision, rows);
        if (what === 'new') await store.upsert(passages, { newUntilMs: Date.now() + 60_000 });
        else if (what === 'again') await store.upsert(passages);
        else if (what === 'delete') await store.delete(book(index), revision);
        else if (what === 'stale') await store.deleteStale(book(index), revision);
        else if (what === 'compact') await points.optimize();
        else {
          await closeStores(both[process] ?? stores);
          both[process] = await openLanceStores(options);
        }
        for (const each of both)
          for (const id of [0, 1, 2].map(book)) {
            const where = `book_id = '${id}'`;
            expect(await each.store.count(id)).toBe(await points.countRows(where));
            const ofRevision = `${where} AND revision = '${revision}'`;
            expect(await each.store.count(id, revision)).toBe(await points.countRows(ofRevision));
          }
      }
      for (const each of both) await closeStores(each);
    }),
    { numRuns: 15 },
  );
}, 120_000);
