import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type Table } from '@lancedb/lancedb';
import { countsOf } from '../../activities/adapters/lancedb/deletions.ts';
import { lanceFailure } from '../../activities/adapters/lancedb/failures.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { commitsBetweenCompactions } from '../../activities/adapters/lancedb/table.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import { bookIdOf, bookPoints, closeStores, DIMENSIONS, type Stores } from './store-fixtures.ts';

describe('the housekeeping of LanceDB', () => {
  let folder: string;
  let stores: Stores;

  const open = async (): Promise<Stores> =>
    await openLanceStores({ folder, embedderId: 'model', dimensions: DIMENSIONS });

  /** The table behind the adapter, to see what it costs. */
  const table = async (): Promise<Table> => {
    const connection = await connect(folder, { readConsistencyInterval: 0 });
    return await connection.openTable(pointTableName('model', DIMENSIONS));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scriptorium-lance-'));
    stores = await open();
  });

  afterEach(async () => {
    await closeStores(stores);
    await rm(folder, { recursive: true, force: true });
  });

  const book = (index: number): string => bookIdOf(`book ${index}`);

  test('forty books at once are few commits', async () => {
    const points = await table();
    const before = await points.version();
    const books = Array.from({ length: 40 }, (_, index) => book(index));
    await Promise.all(books.map((bookId) => stores.store.upsert(bookPoints(bookId, 'r1', 10))));
    expect((await points.version()) - before).toBeLessThanOrEqual(2);
    await Promise.all(books.map((bookId) => stores.store.deleteStale(bookId, 'r2')));
    expect((await points.version()) - before).toBeLessThanOrEqual(4);
  });

  test('books are counted the same, however few rows a query may give', async () => {
    for (const [index, rows] of [3, 12, 5].entries()) {
      await stores.store.upsert(bookPoints(book(index), 'r1', rows));
      await stores.store.upsert(bookPoints(book(index), 'r2', rows + 1));
    }
    const points = await table();
    const books = new Set([book(0), book(1), book(2), book(3)]);
    const [all, few] = [await countsOf(points, books), await countsOf(points, books, 10)];
    const rowsOf = (counts: typeof all, index: number) =>
      Object.fromEntries([...(counts.get(book(index)) ?? [])].sort());
    expect(rowsOf(all, 1)).toEqual({ r1: 12, r2: 13 });
    for (const index of [0, 1, 2, 3]) expect(rowsOf(few, index)).toEqual(rowsOf(all, index));
  });

  test('deletes with nothing to delete are no commits', async () => {
    await stores.store.upsert(bookPoints(book(1), 'r1', 10));
    const points = await table();
    const before = await points.version();
    await stores.store.deleteStale(book(1), 'r1');
    await stores.store.delete(book(2));
    expect(await points.version()).toBe(before);
  });

  test('fragments stay few however many commits there are', async () => {
    for (let index = 0; index < 150; index += 1) await stores.store.upsert(bookPoints(book(index), 'r1', 1));
    const { fragmentStats, numRows } = await (await table()).stats();
    expect(numRows).toBe(150);
    expect(fragmentStats.numFragments).toBeLessThan(70);
  });

  test('commits of earlier processes count towards the next compaction', async () => {
    for (let index = 0; index < 63; index += 1) await stores.store.upsert(bookPoints(book(index), 'r1', 1));
    await closeStores(stores);
    stores = await open();
    for (let index = 63; index < 66; index += 1) await stores.store.upsert(bookPoints(book(index), 'r1', 1));
    await closeStores(stores);
    expect((await (await table()).stats()).fragmentStats.numFragments).toBeLessThan(10);
    stores = await open();
  });

  test('rows that two processes added twice are counted twice, and are one again when written again', async () => {
    const points = bookPoints(book(1), 'r1', 10);
    await stores.store.upsert(points);
    const rows = await (await table()).query().toArrow();
    await (await table()).add(rows);
    expect(await stores.store.count(book(1))).toBe(20);
    await stores.store.upsert(points);
    expect(await stores.store.count(book(1))).toBe(10);
    expect(await stores.store.get(points.map(({ id }) => id))).toHaveLength(10);
  });

  test('stores that are closed have written what was submitted before', async () => {
    const write = stores.store.upsert(bookPoints(book(1), 'r1', 10));
    await closeStores(stores);
    await write;
    stores = await open();
    expect(await stores.store.count(book(1))).toBe(10);
  });

  test('points that are said to be new are not looked for, until the moment that was named', async () => {
    const points = bookPoints(book(1), 'r1', 10);
    await stores.store.upsert(points, { newUntilMs: Date.now() + 60_000 });
    expect(await stores.store.count(book(1))).toBe(10);
    // What they take the place of: this time it was not so.
    await stores.store.upsert(points, { newUntilMs: Date.now() + 60_000 });
    expect(await stores.store.count(book(1))).toBe(20);
    await stores.store.upsert(points, { newUntilMs: Date.now() - 1 });
    expect(await stores.store.count(book(1))).toBe(10);
  });

  test('a book that is new and one that is not share a commit, and neither is there twice', async () => {
    const [old, fresh] = [bookPoints(book(1), 'r1', 10), bookPoints(book(2), 'r1', 10)];
    await stores.store.upsert(old);
    const writes = [
      stores.store.upsert(old),
      stores.store.upsert(fresh, { newUntilMs: Date.now() + 60_000 }),
    ];
    await Promise.all(writes);
    expect(await stores.store.count(book(1))).toBe(10);
    expect(await stores.store.count(book(2))).toBe(10);
  });

  test('larger tables are compacted more seldom, but never after more than 256 commits', () => {
    expect(commitsBetweenCompactions(0)).toBe(16);
    expect(commitsBetweenCompactions(400_000)).toBe(133);
    expect(commitsBetweenCompactions(100_000_000)).toBe(256);
  });

  test('a folder that cannot be made is unreachable, and is named', async () => {
    const file = join(folder, 'a file');
    await writeFile(file, '');
    const options = { folder: join(file, 'store'), embedderId: 'model', dimensions: DIMENSIONS };
    await expect(openLanceStores(options)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining(options.folder),
    });
  });
});

describe('what LanceDB throws', () => {
  const cause =
    'lance error: LanceError(IO): Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28), /build/lance-table-12.0.0/src/io/commit.rs:1680:50  Caused by: LanceError(IO): the same again';

  test('a full disk is a full disk, said once and without the lines of its source', () => {
    const failure = lanceFailure(new Error(cause), '/library', 'write 20 points');
    expect(failure.code).toBe('DISK_FULL');
    expect(failure.message).toBe(
      'The vector store in /library could not write 20 points: lance error: LanceError(IO): Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)',
    );
  });

  test.each([
    ['Read-only file system (os error 30)', 'DISK_FULL'],
    ['Disk quota exceeded (os error 122)', 'DISK_FULL'],
    ['Not found: store/points.lance/_versions', 'STORE_UNREACHABLE'],
    ['Permission denied (os error 13)', 'STORE_UNREACHABLE'],
    ['Retryable commit conflict for version 11: please retry', 'STORE_UNREACHABLE'],
    ['Invalid input, No vector column found to match with the query vector dimension: 3', 'STORE_REJECTED'],
  ])('«%s» is %s', (message, code) => {
    expect(lanceFailure(new Error(message), '/library', 'answer').code).toBe(code);
  });
});
