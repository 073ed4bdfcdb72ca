/** Books that are counted in memory: nobody must ever be told of a row that the table doesn't hold. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type Table } from '@lancedb/lancedb';
import fc from 'fast-check';
import { countsOf } from '../../activities/adapters/lancedb/deletions.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { pointRows, pointSchema } from '../../activities/adapters/lancedb/point-rows.ts';
import { RevisionTally } from '../../activities/adapters/lancedb/revision-tally.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import '../helpers/any-realm.ts';
import { compact } from '../helpers/compact.ts';
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
  let scans = 0;
  let tally: RevisionTally;

  /** Each look at the clock is a millisecond later, so that taking stock takes one, and each scan `SCAN_MS` more. */
  const SCAN_MS = 10;
  const opened = (mostBooks?: number): RevisionTally =>
    new RevisionTally({ ...(mostBooks && { mostBooks }), now: () => (now += 1) });

  beforeEach(() => {
    scans = 0;
    tally = opened();
  });

  const append = async (points: readonly StoredPoint[]): Promise<void> =>
    await tally.append(table, points, () => table.add(rowsOf(points)));
  const countOf = async (...indexes: number[]) => {
    const counts = await tally.of(table, indexes.map(book), async () => {
      scans += 1;
      now += SCAN_MS;
      return await countsOf(table, new Set(indexes.map(book)));
    });
    return Object.fromEntries([...counts].map(([id, each]) => [id, Object.fromEntries(each)]));
  };

  test('scans at first, and then knows what was there before it, and each append', async () => {
    await foreign.add(rowsOf(bookPoints(book(1), 'r1', 3)));
    expect(await countOf(1, 2)).toEqual({ [book(1)]: { r1: 3 } });
    expect(scans).toBe(1);
    expect(await countOf(1, 2)).toEqual({ [book(1)]: { r1: 3 } });
    await append([...bookPoints(book(1), 'r2', 4), ...bookPoints(book(2), 'r1', 5)]);
    expect(await countOf(1, 2)).toEqual({ [book(1)]: { r1: 3, r2: 4 }, [book(2)]: { r1: 5 } });
    expect(scans).toBe(1);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['an append of another process', () => foreign.add(rowsOf(bookPoints(book(3), 'r1', 1)))],
    ['a deletion', () => foreign.delete(`book_id = '${book(1)}'`)],
    ['a compaction', () => foreign.optimize()],
  ])('scans after %s, until that took as long as taking stock', async (_name, change) => {
    await append([...bookPoints(book(0), 'r1', 2), ...bookPoints(book(1), 'r1', 2)]);
    await countOf(0);
    await append(bookPoints(book(2), 'r1', 2));
    await countOf(0);
    expect(scans).toBe(1);
    await change();
    await countOf(0);
    await append(bookPoints(book(3), 'r2', 2));
    expect(scans).toBe(2);
    const truth = await countsOf(table, new Set([0, 1, 2, 3].map(book)));
    const counts = await tally.of(table, [0, 1, 2, 3].map(book), () => Promise.reject(new Error('a scan')));
    expect(counts).toEqual(truth);
  });

  test('does not take stock all the time where another process writes all the time', async () => {
    for (let round = 0; round < 12; round++) {
      await foreign.add(rowsOf(bookPoints(book(round), 'r1', 1)));
      await tally.of(table, [book(round)], async () => {
        scans += 1;
        return await countsOf(table, new Set([book(round)]));
      });
    }
    expect(scans).toBeGreaterThanOrEqual(6);
  });

  test('scans when an append left other rows than were written', async () => {
    await countOf(1);
    await countOf(1);
    const written = bookPoints(book(1), 'r1', 4);
    await tally.append(table, written, () => table.add(rowsOf(written.slice(0, 3))));
    expect(await countOf(1)).toEqual({ [book(1)]: { r1: 3 } });
    expect(scans).toBe(2);
  });

  test('fails with what the append failed with, and goes on', async () => {
    const broken = () => Promise.reject(new Error('the disk is full'));
    await expect(tally.append(table, [], broken)).rejects.toThrow('the disk is full');
    await append(bookPoints(book(1), 'r1', 2));
    expect(await countOf(1)).toEqual({ [book(1)]: { r1: 2 } });
  });

  test('leaves a table of more books than it may keep to scans', async () => {
    tally = opened(2);
    for (const index of [1, 2, 3]) await foreign.add(rowsOf(bookPoints(book(index), 'r1', 1)));
    for (const index of [1, 2, 3]) expect(await countOf(index)).toEqual({ [book(index)]: { r1: 1 } });
    expect(scans).toBe(3);
  });

  test('and one that its own appends have made too large', async () => {
    tally = opened(2);
    for (const index of [1, 2, 3]) await append(bookPoints(book(index), 'r1', 1));
    await countOf(1);
    await foreign.delete(`book_id = '${book(3)}'`);
    await countOf(1);
    expect(scans).toBe(1);
    for (const index of [4, 5]) await append(bookPoints(book(index), 'r1', 1));
    for (const index of [1, 5]) expect(await countOf(index)).toEqual({ [book(index)]: { r1: 1 } });
    expect(scans).toBe(3);
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
        else if (what === 'compact') await compact(points);
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
