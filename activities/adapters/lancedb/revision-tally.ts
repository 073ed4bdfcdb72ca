import { isDeepStrictEqual } from 'node:util';
import type { Table } from '@lancedb/lancedb';
import type { RecordBatch } from 'apache-arrow';
import type { RevisionCounts } from './deletions.ts';

/** A row as far as it is counted. */
export interface CountedRow {
  readonly bookId: string;
  readonly revision: string;
}

export interface RevisionTallyOptions {
  /** Most books that are kept, some 500 bytes each. A table of more is counted by scans. Default 50,000. */
  readonly mostBooks?: number;
  readonly now?: () => number;
}

interface Stock {
  /** Of the table, when the rows were read. */
  readonly version: number;
  readonly rows: number;
}

type Counts = Map<string, Map<string, number>>;

const columns = ['book_id', 'revision'];

/** Stock has not been taken yet: about a second for a million rows. */
const EXPECTED_MS_PER_ROW = 0.001;

/**
 * How many rows of each book and revision the store holds, for as long as this process alone adds to the table.
 *
 * A filtered scan takes LanceDB 0.2 to 0.3 ms of a core for each fragment, and each commit makes one. To read the end of the
 * table by its offset takes 3 ms, however many there are. So stock is taken; after each append, what it added is read
 * back from the table, and counted. To take stock reads two columns of all rows, so it is done once scans have taken as long
 * as that: where other processes write as well, both together take twice as long as scans alone, at most. Invariants:
 * 1. Only rows that were read from the table are counted.
 * 2. A table of any other version than that of the last count isn't vouched for: a deletion, a compaction, or another process
 *    came between.
 * 3. An append whose rows are not read back exactly as they were written ends the count.
 */
export class RevisionTally {
  readonly #mostBooks: number;
  readonly #now: () => number;
  #stock: Stock | null = null;
  readonly #counts: Counts = new Map();
  /** Work under way, which the next waits for. Never rejects. */
  #busy: Promise<unknown> = Promise.resolve();
  /** What the last stock took; null before the first. */
  #stockMs: number | null = null;
  /** What scans have taken since then. */
  #scansMs = 0;

  constructor({ mostBooks = 50_000, now = () => performance.now() }: RevisionTallyOptions = {}) {
    this.#mostBooks = mostBooks;
    this.#now = now;
  }

  /** Adds the rows by `add`, which gives the version that it made. Rejects with what `add` failed with. */
  async append(
    table: Table,
    rows: readonly CountedRow[],
    add: () => Promise<{ version: number }>,
  ): Promise<void> {
    await this.#alone(async () => {
      const { version } = await add();
      const before = this.#stock;
      this.#stock = null;
      if (before?.version !== version - 1) return;
      // One more than was written: a row of somebody else's would be among them.
      const added = await unlessFailed(() => rowsFrom(table, before.rows, rows.length + 1));
      if (added === null || !isDeepStrictEqual(tallied(added), tallied(rows))) return;
      count(this.#counts, added);
      this.#stock = { version, rows: before.rows + rows.length };
    });
  }

  /** The counts of those of the books that have rows; by `scan` when they aren't known. Rejects with what that failed with. */
  async of(
    table: Table,
    bookIds: readonly string[],
    scan: () => Promise<RevisionCounts>,
  ): Promise<RevisionCounts> {
    const known = await this.#alone(async () => await this.#known(table, bookIds));
    if (known !== null) return known;
    const started = this.#now();
    const found = await scan();
    this.#scansMs += this.#now() - started;
    return found;
  }

  async #known(table: Table, bookIds: readonly string[]): Promise<RevisionCounts | null> {
    const version = await table.version();
    if (this.#stock?.version !== version) {
      this.#stock = null;
      const stockMs = this.#stockMs ?? EXPECTED_MS_PER_ROW * (await table.countRows());
      if (this.#scansMs > stockMs) await this.#takeStock(table, version);
    }
    if (this.#stock === null) return null;
    return new Map(
      bookIds.flatMap((bookId) => {
        const counts = this.#counts.get(bookId);
        return counts ? [[bookId, new Map(counts)] as const] : [];
      }),
    );
  }

  async #takeStock(table: Table, version: number): Promise<void> {
    const started = this.#now();
    this.#counts.clear();
    const rows = await unlessFailed(() => this.#countAll(table));
    this.#scansMs = 0;
    if (rows !== null) this.#stockMs = this.#now() - started;
    // What was written meanwhile may have been read or not.
    if (rows !== null && (await table.version()) === version) this.#stock = { version, rows };
    else this.#counts.clear();
  }

  /** The number of rows; null when they are of too many books, and that for good. */
  async #countAll(table: Table): Promise<number | null> {
    let rows = 0;
    for await (const batch of table.query().select(columns)) {
      count(this.#counts, rowsOf(batch));
      rows += batch.numRows;
      if (this.#counts.size > this.#mostBooks) {
        this.#stockMs = Number.POSITIVE_INFINITY;
        return null;
      }
    }
    return rows;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work);
    this.#busy = mine.catch(() => {});
    return await mine;
  }
}

async function rowsFrom(table: Table, offset: number, limit: number): Promise<CountedRow[]> {
  const rows: CountedRow[] = [];
  for await (const batch of table.query().select(columns).offset(offset).limit(limit))
    rows.push(...rowsOf(batch));
  return rows;
}

function* rowsOf(batch: RecordBatch): Generator<CountedRow> {
  const [bookIds, revisions] = columns.map((name) => batch.getChild(name));
  for (let row = 0; row < batch.numRows; row++)
    yield { bookId: String(bookIds?.get(row)), revision: String(revisions?.get(row)) };
}

/** What can't be read now is not counted now; the write that it was read for is none the worse for it. */
async function unlessFailed<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

function tallied(rows: readonly CountedRow[]): Counts {
  const counts: Counts = new Map();
  count(counts, rows);
  return counts;
}

function count(counts: Counts, rows: Iterable<CountedRow>): void {
  for (const { bookId, revision } of rows) {
    const ofBook = counts.get(bookId);
    if (ofBook) ofBook.set(revision, (ofBook.get(revision) ?? 0) + 1);
    else counts.set(bookId, new Map([[revision, 1]]));
  }
}
