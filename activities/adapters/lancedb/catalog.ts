import { Field, Schema, Utf8 } from 'apache-arrow';
import type { BookQuery, BookRecord, Catalog, LibraryRecord } from '../../ports/catalog.ts';
import { bookRecord, libraryRecord, wellFormedBook } from '../catalog-records.ts';
import type { LanceDatabase } from './database.ts';
import { FollowedRecords, type NumberedRecord } from './followed-records.ts';
import { GatheredReads } from './gathered-reads.ts';
import { type RecordRow, RecordTable, type StoredRow } from './record-table.ts';
import { allOf, equals, isOneOf, sqlText } from './sql.ts';
import { keyField } from './table.ts';
import { VersionedReads } from './versioned-reads.ts';

const text = (name: string): Field => new Field(name, new Utf8(), false);

/** What queries filter by are columns; the record itself is JSON, so that a new field needs no migration. */
const bookSchema = new Schema([keyField('key'), text('library'), text('state'), text('record')]);
const librarySchema = new Schema([keyField('key'), text('record')]);

/** Books whose records are kept in memory, some hundred bytes each. */
const MOST_KEPT = 10_000;
/** All libraries are read as one. */
const ALL = 'all';

/** The catalog in a folder of this machine, beside the vectors. */
export class LanceCatalog implements Catalog {
  readonly #books: RecordTable;
  readonly #libraries: RecordTable;
  readonly #bookReads: FollowedRecords<BookRecord>;
  readonly #libraryReads: VersionedReads<readonly LibraryRecord[]>;

  private constructor(books: RecordTable, libraries: RecordTable) {
    this.#books = books;
    this.#libraries = libraries;
    const gathered = new GatheredReads<NumberedRecord<BookRecord>>(async (bookIds) => {
      const rows = await books.rowsOf(bookIds);
      return new Map(rows.map((row) => [row.key, numberedBook(row)]));
    });
    this.#bookReads = new FollowedRecords(
      {
        version: () => books.version(),
        load: (bookIds) => gathered.read(bookIds),
        from: async (number, limit) => (await books.rowsFrom(number, limit)).map(numberedBook),
        next: () => books.nextRow(),
        live: (numbers) => books.liveRows(numbers),
      },
      MOST_KEPT,
    );
    this.#libraryReads = new VersionedReads<readonly LibraryRecord[]>({
      version: () => libraries.version(),
      load: async () => new Map([[ALL, (await libraries.read({})).map(parseLibrary)]]),
      most: 1,
    });
  }

  /** @throws ScriptoriumError STORE_UNREACHABLE, DISK_FULL */
  static async open(database: LanceDatabase): Promise<LanceCatalog> {
    const books = await RecordTable.open(database, { name: 'books', schema: bookSchema, indexed: [] });
    const libraries = await RecordTable.open(database, {
      name: 'libraries',
      schema: librarySchema,
      indexed: [],
    });
    return new LanceCatalog(books, libraries);
  }

  async get(bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>> {
    return bookIds.length === 0 ? new Map() : await this.#bookReads.read(bookIds);
  }

  async #read(bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>> {
    const records = await this.#books.read({ where: isOneOf('key', bookIds) });
    return new Map(records.map(parseBook).map((record) => [record.bookId, record]));
  }

  async put(record: BookRecord): Promise<void> {
    await this.#books.put(bookRow(wellFormedBook(record)));
  }

  async list(query: BookQuery): Promise<readonly BookRecord[]> {
    const { library, libraries, state, after, limit } = query;
    if (limit <= 0) return [];
    const where = allOf([
      library === undefined ? undefined : equals('library', library),
      libraries === undefined ? undefined : isOneOf('library', libraries),
      state === undefined ? undefined : equals('state', state),
      after === undefined ? undefined : `key > ${sqlText(after)}`,
    ]);
    const records = await this.#books.read({ ...(where === undefined ? {} : { where }), limit });
    const books = records.map(parseBook);
    if (state === undefined || state === 'ingested') return books;
    // Of two rows of a key the filter may have found the older one.
    const now = await this.#read(books.map(({ bookId }) => bookId));
    const current = books.filter(({ bookId }) => now.get(bookId)?.state === state);
    const last = books.at(-1);
    if (!last || current.length === books.length || books.length < limit) return current;
    // Fewer than were asked for would mean that there are no more.
    const more = await this.list({ ...query, after: last.bookId, limit: limit - current.length });
    return [...current, ...more];
  }

  async remove(bookIds: readonly string[]): Promise<void> {
    if (bookIds.length > 0) await this.#books.remove(bookIds);
  }

  async getLibrary(library: string): Promise<LibraryRecord | null> {
    return (await this.listLibraries()).find((record) => record.library === library) ?? null;
  }

  async putLibrary(record: LibraryRecord): Promise<void> {
    await this.#libraries.put({ key: record.library, record: JSON.stringify(record) });
  }

  async listLibraries(): Promise<readonly LibraryRecord[]> {
    return (await this.#libraryReads.read([ALL])).get(ALL) ?? [];
  }

  async epoch(): Promise<number> {
    return await this.#books.version();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#books[Symbol.asyncDispose]();
    await this.#libraries[Symbol.asyncDispose]();
  }
}

function bookRow(record: BookRecord): RecordRow {
  return { key: record.bookId, library: record.library, state: record.state, record: JSON.stringify(record) };
}

function numberedBook({ key, record, _rowid }: StoredRow): NumberedRecord<BookRecord> {
  return { key, value: parseBook(record), number: _rowid };
}

function parseBook(json: string): BookRecord {
  return bookRecord.parse(JSON.parse(json));
}

function parseLibrary(json: string): LibraryRecord {
  return libraryRecord.parse(JSON.parse(json));
}
