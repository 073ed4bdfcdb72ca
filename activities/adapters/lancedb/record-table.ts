import { z } from 'zod';
import type { LanceDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { KnownKeys } from './known-keys.ts';
import { isOneOf } from './sql.ts';
import { LanceTable, type TableSpec } from './table.ts';

/** A row: its key, the columns that queries filter by, and the whole record as JSON. */
export interface RecordRow extends Record<string, string> {
  readonly key: string;
  readonly record: string;
}

type RecordWrite =
  | { readonly kind: 'put'; readonly row: RecordRow }
  | { readonly kind: 'remove'; readonly keys: readonly string[] };

/** Records of one commit; a record is a few hundred bytes. */
const MAX_RECORDS_PER_COMMIT = 4_096;

const storedRows = z.array(z.object({ key: z.string(), record: z.string(), _rowid: z.bigint() }));
/** A row as it lies there, with its number. */
export type StoredRow = z.infer<typeof storedRows>[number];
const rowNumbers = z.array(z.object({ _rowid: z.bigint() }));
const storedKeys = z.array(z.object({ key: z.string() }));

/**
 * A table of JSON records by key, whose concurrent writes go into one commit.
 *
 * A first record is appended, and nothing keeps two processes from doing so in the same moment (one of them was stopped on the
 * way, and taken for lost). So readers see the last of the rows of a key, and the next write of the key replaces all.
 */
export class RecordTable implements AsyncDisposable {
  readonly #table: LanceTable;
  readonly #known = new KnownKeys();
  readonly #writes: GroupCommit<RecordWrite, undefined>;

  private constructor(table: LanceTable) {
    this.#table = table;
    this.#writes = new GroupCommit<RecordWrite, undefined>({
      kindOf: ({ kind }) => kind,
      keysOf: (write) => (write.kind === 'put' ? [write.row.key] : write.keys),
      weightOf: (write) => (write.kind === 'put' ? 1 : write.keys.length),
      maxWeight: MAX_RECORDS_PER_COMMIT,
      commit: (writes) => this.#commit(writes),
      maintain: () => this.#table.maintain(),
    });
  }

  /** The schema has the columns `key` and `record`, both texts. */
  static async open(database: LanceDatabase, spec: TableSpec): Promise<RecordTable> {
    return new RecordTable(await LanceTable.open(database, spec));
  }

  /** Inserts or replaces by key. */
  async put(row: RecordRow): Promise<void> {
    await this.#writes.submit({ kind: 'put', row });
  }

  async remove(keys: readonly string[]): Promise<void> {
    await this.#writes.submit({ kind: 'remove', keys });
  }

  /** The JSON of the records, in the order of their keys. */
  async read({
    where,
    limit,
  }: {
    readonly where?: string;
    readonly limit?: number;
  }): Promise<readonly string[]> {
    const wanted = limit ?? Number.POSITIVE_INFINITY;
    // A further key says that the last that is wanted has no other row.
    for (let most = wanted + 1; ; most *= 2) {
      const rows = await this.#rows(where, most);
      const last = lastOfEachKey(rows);
      if (rows.length < most || last.length > wanted) return last.slice(0, limit).map(({ record }) => record);
    }
  }

  /** The last row of each of the keys that have one. */
  async rowsOf(keys: readonly string[]): Promise<readonly StoredRow[]> {
    return lastOfEachKey(await this.#rows(isOneOf('key', keys), Number.POSITIVE_INFINITY));
  }

  /** Rows from this number on; so many of them, no matter which, where there are more. */
  async rowsFrom(number: bigint, limit: number): Promise<readonly StoredRow[]> {
    const rows: unknown = await this.#table.read('read what is new in the catalog', (table) => {
      const from = table.query().where(`_rowid >= ${number}`);
      return from.select(['key', 'record']).withRowId().limit(limit).toArray();
    });
    return storedRows.parse(rows);
  }

  /** The number after that of the last row; of an empty table 0. */
  async nextRow(): Promise<bigint> {
    const rows: unknown = await this.#table.read('read the catalog', async (table) => {
      const last = Math.max(0, (await table.countRows()) - 1);
      return await table.query().select(['key']).withRowId().offset(last).toArray();
    });
    const numbers = rowNumbers.parse(rows).map(({ _rowid }) => _rowid);
    const [greatest] = numbers.sort((a, b) => (a < b ? 1 : -1));
    return greatest === undefined ? 0n : greatest + 1n;
  }

  /** Of the rows with these numbers the ones that are there. */
  async liveRows(numbers: readonly bigint[]): Promise<ReadonlySet<bigint>> {
    const rows: unknown = await this.#table.read('read the catalog', (table) =>
      table
        .takeRowIds([...numbers])
        .select(['key'])
        .withRowId()
        .toArray(),
    );
    return new Set(rowNumbers.parse(rows).map(({ _rowid }) => _rowid));
  }

  async #rows(where: string | undefined, limit: number): Promise<readonly StoredRow[]> {
    const rows: unknown = await this.#table.read('read the catalog', (table) => {
      const all = table.query().select(['key', 'record']).withRowId();
      all.orderBy({ columnName: 'key', ascending: true });
      if (where !== undefined) all.where(where);
      if (Number.isFinite(limit)) all.limit(limit);
      return all.toArray();
    });
    return storedRows.parse(rows);
  }

  /** Grows with every commit of whatever process, housekeeping included. */
  async version(): Promise<number> {
    return await this.#table.read('read the version', (table) => table.version());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes.idle();
    this.#table.close();
  }

  async #commit(writes: readonly RecordWrite[]): Promise<readonly undefined[]> {
    const rows = writes.flatMap((write) => (write.kind === 'put' ? [write.row] : []));
    const keys = writes.flatMap((write) => (write.kind === 'remove' ? write.keys : []));
    if (rows.length > 0) await this.#commitRows(rows);
    if (keys.length > 0) await this.#commitRemoval(keys);
    return writes.map(() => undefined);
  }

  async #commitRows(rows: readonly RecordRow[]): Promise<void> {
    const last = [...new Map(rows.map((row) => [row.key, row])).values()];
    await this.#table.commit(`write ${last.length} records`, async (table) => {
      const keys = last.map(({ key }) => key);
      const { version } = (await this.#known.hasNone(table, keys))
        ? await table.add(last)
        : await table.mergeInsert('key').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(last);
      this.#known.wrote(version, keys);
      return { result: undefined, committed: true };
    });
  }

  async #commitRemoval(keys: readonly string[]): Promise<void> {
    await this.#table.commit(`remove ${keys.length} records`, async (table) => {
      const found = await table.query().where(isOneOf('key', keys)).select(['key']).toArray();
      const present = storedKeys.parse(found).map(({ key }) => key);
      if (present.length > 0) await table.delete(isOneOf('key', present));
      return { result: undefined, committed: present.length > 0 };
    });
  }
}

/** A later row of a table has a greater id. */
function lastOfEachKey(rows: readonly StoredRow[]): readonly StoredRow[] {
  const last = new Map<string, StoredRow>();
  for (const row of rows) {
    const other = last.get(row.key);
    if (!other || other._rowid < row._rowid) last.set(row.key, row);
  }
  return [...last.values()];
}
