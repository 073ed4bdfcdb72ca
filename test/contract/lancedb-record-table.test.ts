/** Records of several processes in one table: a key has one record, whoever wrote it first and whoever came between. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type Table } from '@lancedb/lancedb';
import { Field, Schema, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { LanceCatalog } from '../../activities/adapters/lancedb/catalog.ts';
import { openLanceDatabase, SMALL_CACHES } from '../../activities/adapters/lancedb/database.ts';
import { KnownKeys } from '../../activities/adapters/lancedb/known-keys.ts';
import { RecordTable } from '../../activities/adapters/lancedb/record-table.ts';
import { keyField } from '../../activities/adapters/lancedb/table.ts';
import '../helpers/any-realm.ts';
import { compact } from '../helpers/compact.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';
import { record } from './store-fixtures.ts';

const schema = new Schema([keyField('key'), new Field('record', new Utf8(), false)]);

let folder: TempFolder;
let records: RecordTable;
let others: RecordTable;
let table: Table;

const open = async (): Promise<RecordTable> => {
  const database = await openLanceDatabase(folder.path, SMALL_CACHES);
  return await RecordTable.open(database, { name: 'records', schema, indexed: [] });
};

beforeEach(async () => {
  folder = await tempFolder();
  records = await open();
  others = await open();
  table = await (await connect(folder.path, { readConsistencyInterval: 0 })).openTable('records');
});
afterEach(async () => {
  await records[Symbol.asyncDispose]();
  await others[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const put = async (into: RecordTable, key: string, record: string): Promise<void> =>
  await into.put({ key, record });

test('a record that another process wrote first is replaced, not doubled', async () => {
  await put(records, 'a', 'mine');
  await put(others, 'b', 'theirs');
  await put(records, 'b', 'mine');
  await put(others, 'a', 'theirs');
  expect(await records.read({})).toEqual(['theirs', 'mine']);
  expect(await table.countRows()).toBe(2);
});

test('a record that was removed is written as a first one', async () => {
  await put(records, 'a', 'one');
  await others.remove(['a']);
  await put(records, 'a', 'two');
  await records.remove(['a']);
  await put(records, 'a', 'three');
  expect(await others.read({})).toEqual(['three']);
  expect(await table.countRows()).toBe(1);
});

describe('two rows of one key, of processes that appended in the same moment', () => {
  beforeEach(async () => {
    for (const key of ['a', 'b', 'c', 'd']) await put(records, key, `${key}1`);
    for (const key of ['a', 'b', 'c']) await table.add([{ key, record: `${key}2` }]);
  });

  test.each([
    [undefined, ['a2', 'b2', 'c2', 'd1']],
    [1, ['a2']],
    [2, ['a2', 'b2']],
    [3, ['a2', 'b2', 'c2']],
    [4, ['a2', 'b2', 'c2', 'd1']],
    [5, ['a2', 'b2', 'c2', 'd1']],
  ])('are read as the last of them (limit %p)', async (limit, expected) => {
    expect(await records.read({ ...(limit && { limit }) })).toEqual(expected);
  });

  test('are replaced by the next write, and removed together', async () => {
    await put(records, 'b', 'b3');
    await others.remove(['c']);
    expect(await records.read({})).toEqual(['a2', 'b3', 'd1']);
    await put(others, 'c', 'c3');
    expect(await records.read({ where: "key >= 'b'" })).toEqual(['b3', 'c3', 'd1']);
  });
});

test('a book of two rows is listed by the state of the later one, and no page ends early for it', async () => {
  const database = await openLanceDatabase(folder.path, SMALL_CACHES);
  const catalog = await LanceCatalog.open(database);
  const books = await database.connection.openTable('books');
  const ids = ['a', 'b', 'c', 'd'];
  for (const bookId of ids) await catalog.put(record(bookId, { bookId, state: 'failed' }));
  for (const bookId of ['a', 'c']) {
    const { library, ...later } = record(bookId, { bookId, state: 'ingested' });
    const json = JSON.stringify({ library, ...later });
    await books.add([{ key: bookId, library, state: 'ingested', record: json }]);
  }
  const failed = async (limit: number, after?: string): Promise<string[]> =>
    (await catalog.list({ state: 'failed', limit, ...(after && { after }) })).map(({ bookId }) => bookId);
  expect(await failed(10)).toEqual(['b', 'd']);
  expect(await failed(1)).toEqual(['b']);
  expect(await failed(1, 'b')).toEqual(['d']);
  expect(await failed(2)).toEqual(['b', 'd']);
  expect((await catalog.list({ state: 'ingested', limit: 10 })).map(({ bookId }) => bookId)).toEqual([
    'a',
    'c',
  ]);
  await catalog[Symbol.asyncDispose]();
});

test('two processes that write and remove in any order leave each key its last record, in one row', async () => {
  const step = fc.record({
    mine: fc.boolean(),
    key: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('put', 'remove', 'compact'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await records.remove(['a', 'b', 'c']);
      const expected = new Map<string, string>();
      for (const [at, { mine, key, what }] of steps.entries()) {
        const into = mine ? records : others;
        if (what === 'put') await put(into, key, `${key}${at}`);
        else if (what === 'remove') await into.remove([key]);
        else await compact(table);
        if (what === 'put') expected.set(key, `${key}${at}`);
        if (what === 'remove') expected.delete(key);
      }
      expect([...(await others.read({}))].sort()).toEqual([...expected.values()].sort());
      expect(await table.countRows()).toBe(expected.size);
    }),
    { numRuns: 30 },
  );
});

test('keys are known from the table, then from what was written, until somebody else changes it', async () => {
  const keys = new KnownKeys();
  expect(await keys.hasNone(table, ['a'])).toBe(true);
  const { version } = await table.add([{ key: 'a', record: '1' }]);
  keys.wrote(version, ['a']);
  expect(await keys.hasNone(table, ['a', 'b'])).toBe(false);
  expect(await keys.hasNone(table, ['b'])).toBe(true);
  await put(others, 'b', '1');
  expect(await keys.hasNone(table, ['b'])).toBe(false);
  // Somebody came between the look and the write.
  keys.wrote(10_000, ['c']);
  expect(await keys.hasNone(table, ['c'])).toBe(true);
});

test('a table of more keys than may be kept is merged into', async () => {
  await put(records, 'a', '1');
  await put(records, 'b', '1');
  expect(await new KnownKeys(2).hasNone(table, ['c'])).toBe(true);
  expect(await new KnownKeys(1).hasNone(table, ['c'])).toBe(false);
});

test('rows that are written, replaced or moved have greater numbers than all before them', async () => {
  const seen = new Set<bigint>();
  const expectNew = async (next: bigint, keys: readonly string[]): Promise<bigint> => {
    const rows = await records.rowsFrom(next, 100);
    expect(rows.map(({ key }) => key).sort()).toEqual([...keys]);
    for (const { _rowid } of rows) {
      expect(seen.has(_rowid)).toBe(false);
      seen.add(_rowid);
    }
    const after = await records.nextRow();
    expect(rows.every(({ _rowid }) => _rowid < after)).toBe(true);
    return after;
  };
  let next = await expectNew(await records.nextRow(), []);
  for (const [into, key] of [
    [records, 'a'],
    [others, 'b'],
    [records, 'c'],
  ] as const) {
    await put(into, key, 'first');
    next = await expectNew(next, [key]);
  }
  await put(others, 'a', 'second');
  next = await expectNew(next, ['a']);
  const [old] = [...seen];
  expect((await records.liveRows([...seen])).has(old ?? -1n)).toBe(false);
  await records.remove(['b']);
  next = await expectNew(next, []);
  await compact(table);
  next = await expectNew(next, ['a', 'c']);
  // What was moved is not there any more.
  expect((await records.liveRows([...seen])).size).toBe(2);
  await put(records, 'b', 'again');
  await expectNew(next, ['b']);
});
