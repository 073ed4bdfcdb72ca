/** The table in a session that has the size of its indexes: who reads it must never notice that it was opened again. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LanceDatabase, MB, openLanceDatabase } from '../../activities/adapters/lancedb/database.ts';
import { indexBytesPerRow, SearchTable } from '../../activities/adapters/lancedb/search-table.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

let folder: TempFolder;
let database: LanceDatabase;
/** As many as the table is said to have. */
let rows: number;
let looks: number;
let searched: SearchTable;

beforeEach(async () => {
  folder = await tempFolder();
  database = await openLanceDatabase(folder.path);
  await database.connection.createTable('things', [{ id: 1 }]);
  [rows, looks] = [0, 0];
  searched = tableLookedAt(0);
});
afterEach(async () => {
  searched.close();
  database.connection.close();
  await folder[Symbol.asyncDispose]();
});

function tableLookedAt(everyMs: number, name = 'things'): SearchTable {
  return new SearchTable({
    ...{ database, name, bytesPerRow: indexBytesPerRow(384), lookEveryMs: everyMs },
    rows: async () => {
      looks += 1;
      return rows;
    },
  });
}

const counted = (): Promise<number> => searched.read('count', (table) => table.countRows());

describe('the cache of a table that is searched', () => {
  test.each([
    { given: 0, bytes: 8 * MB },
    { given: 1_000, bytes: 8 * MB },
    { given: 10_000, bytes: 5 * MB + 16_000_000 },
    { given: 100_000, bytes: 5 * MB + 160_000_000 },
    { given: 1_350_000, bytes: 1_536 * MB },
    { given: 9_000_000, bytes: 1_536 * MB },
  ])(
    'holds the indexes of $given rows twice, and those of none once, within bounds',
    async ({ given, bytes }) => {
      expect(searched.cacheBytes).toBeNull();
      rows = given;
      await counted();
      expect(searched.cacheBytes).toBe(bytes);
    },
  );

  test('is another one when the table has outgrown it, and never a smaller one', async () => {
    const bytes: (number | null)[] = [];
    for (rows of [100_000, 199_000, 201_000, 400_000, 50_000]) {
      await counted();
      bytes.push(searched.cacheBytes);
    }
    const [first, second] = [5 * MB + 160_000_000, 5 * MB + 321_600_000];
    expect(bytes).toEqual([first, first, second, second, second]);
  });

  test('is thought of from time to time only', async () => {
    searched = tableLookedAt(60_000);
    for (rows of [1_000, 1_000_000]) for (let read = 0; read < 5; read += 1) await counted();
    expect(looks).toBe(1);
    expect(searched.cacheBytes).toBe(8 * MB);
  });
});

describe('a read', () => {
  test('sees what was written a moment ago on another connection', async () => {
    expect(await counted()).toBe(1);
    const table = await database.connection.openTable('things');
    await table.add([{ id: 2 }, { id: 3 }]);
    expect(await counted()).toBe(3);
  });

  test('that lasts while the table is opened again ends as it would have', async () => {
    const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = searched.read('count slowly', async (table) => {
      begun.resolve();
      await go.promise;
      return await table.countRows();
    });
    await begun.promise;
    for (rows of [200_000, 1_000_000]) expect(await counted()).toBe(1);
    go.resolve();
    expect(await slow).toBe(1);
  });

  test('beside many others opens the table once', async () => {
    searched = tableLookedAt(60_000);
    const tables = await Promise.all(
      Array.from({ length: 20 }, () => searched.read('be looked at', async (table) => table)),
    );
    expect(new Set(tables).size).toBe(1);
  });

  test('after it was closed is refused, and opens nothing', async () => {
    await counted();
    const late = searched.read('count', (table) => table.countRows());
    searched.close();
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await expect(counted()).rejects.toThrow('closed');
    expect(searched.cacheBytes).toBeNull();
  });

  test('after one that could not open the table opens it', async () => {
    searched = tableLookedAt(0, 'later');
    await expect(counted()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await database.connection.createTable('later', [{ id: 1 }, { id: 2 }]);
    expect(await counted()).toBe(2);
  });
});
