import { isDeepStrictEqual } from 'node:util';
import type { Table } from '@lancedb/lancedb';
import type { RecordBatch } from 'apache-arrow';
import {
  addRows,
  type CountedRow,
  countRows,
  type GrowingCounts,
  type RevisionCounts,
} from './revision-counts.ts';

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

const columns = ['book_id', 'revision'];

/** What taking stock is taken to cost before it was done once: a second for a million rows. */
const EXPECTED_MS_PER_ROW = 0.001;

/**
 * How many rows of each book and revision the store holds, for as long as this process alone changes the table.
 *
 * A filtered scan takes LanceDB 0.2 to 0.3 ms of a core for each fragment, and each commit makes one. To read the end of the
 * table by its offset takes 3 ms, however many there are. So stock is taken; after each append, what it added is read
 * back from the table, and counted. To take stock reads two columns of all rows, so it is done once scans have taken as long
 * as that, and twice as long each time that it was of no use, because other processes write as well. Invariants:
 * 1. Only rows that were read from the table are counted.
 * 2. A table of any other version than that of the last count isn't vouched for: a deletion, a compaction, or another process
 *    came between.
 * 3. An append whose rows are not read back exactly as they were written ends the count.
 */
export class RevisionTally {
  readonly #mostBooks: number;
  readonly #now: () => number;
  #stock: Stock | null = null;
  readonly #counts: GrowingCounts = new Map();
  /** Work under way, which the next waits for. Never rejects. */
  #busy: Promise<unknown> = Promise.resolve();
  /** What taking stock took last. */
  #msPerRow = EXPECTED_MS_PER_ROW;
  /** What scans have taken since then. */
  #scansMs = 0;
  /** So many times as long as taking stock scans are to take before it is done. */
  #patience = 1;

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
      if (added === null || !isDeepStrictEqual(countRows(added), countRows(rows))) return;
      addRows(this.#counts, added);
      if (this.#isTooLarge()) return;
      this.#stock = { version, rows: before.rows + rows.length };
      this.#patience = 1;
    });
  }

  /** The counts of those of the books that have rows; by `scan` when they aren't known. Rejects with what that failed with. */
  async of(
    table: Table,
    bookIds: readonly string[],
    scan: () => Promise<RevisionCounts>,
  ): Promise<RevisionCounts> {
    const known = await this.#alone(() => this.#known(table, bookIds));
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
      const stockMs = this.#msPerRow * (await table.countRows());
      if (this.#scansMs > this.#patience * stockMs) await this.#takeStock(table, version);
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
    this.#scansMs = 0;
    this.#patience *= 2;
    const rows = await unlessFailed(() => this.#countAll(table));
    if (rows !== null && rows > 0) this.#msPerRow = (this.#now() - started) / rows;
    // What was written meanwhile may have been read or not.
    if (rows !== null && (await table.version()) === version) this.#stock = { version, rows };
    else this.#counts.clear();
  }

  /** Ends the tally for good when there are more books than may be kept. */
  #isTooLarge(): boolean {
    if (this.#counts.size <= this.#mostBooks) return false;
    this.#counts.clear();
    this.#patience = Number.POSITIVE_INFINITY;
    return true;
  }

  /** The number of rows; null when they are of too many books. */
  async #countAll(table: Table): Promise<number | null> {
    let rows = 0;
    for await (const batch of table.query().select(columns)) {
      addRows(this.#counts, rowsOf(batch));
      rows += batch.numRows;
      if (this.#isTooLarge()) return null;
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
  for (let row = 0; row < batch.numRows; row++) {
    const [bookId, revision]: unknown[] = [bookIds?.get(row), revisions?.get(row)];
    if (typeof bookId !== 'string' || typeof revision !== 'string')
      throw new Error(`row ${row} is of no book`);
    yield { bookId, revision };
  }
}

/** What can't be read now is not counted now; the write that it was read for is none the worse for it. */
async function unlessFailed<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
