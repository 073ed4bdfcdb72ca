import { setTimeout as delay } from 'node:timers/promises';
import type { Table } from '@lancedb/lancedb';
import { Field, type Schema, Utf8 } from 'apache-arrow';
import type { LanceDatabase } from './database.ts';
import { isConflict, lanceFailure } from './failures.ts';

export interface TableSpec {
  readonly name: string;
  readonly schema: Schema;
  /** Columns that get a B-tree once the table is large. */
  readonly indexed: readonly string[];
  /** Commits between two compactions at least, where few of them are followed by a scan. Default 16. */
  readonly minCommits?: number;
}

/**
 * A text column whose values name a row each. LanceDB does not check that, but merges of two processes that insert
 * the same key at the same moment notice each other only by it; without it both rows stay (measured: 40 times of 40).
 */
export function keyField(name: string): Field {
  return new Field(name, new Utf8(), false, new Map([['lance-schema:unenforced-primary-key', 'true']]));
}

/** A commit loses a race against another process at most this often; each loss means that another one succeeded. */
const MAX_ATTEMPTS = 10;
/** Longest wait after a lost race, in milliseconds; the wait is random so that two losers part. */
const MAX_CONFLICT_WAIT_MS = 200;
/**
 * Old versions are kept this long for readers that opened them. A read takes well under a second; a large table
 * makes a copy of itself at each compaction, so that longer would cost disk.
 */
export const KEEP_VERSIONS_MS = 30_000;
/**
 * A compaction moves the rows in the indexes of words and vectors too, 15 ms a thousand rows: a large table that has one
 * is left to the process of upkeep, unless nobody looks after it.
 */
const TENDED_FROM_ROWS = 20_000;
const UNTENDED_COMMITS = 1_024;
const HEAVY_INDEXES = /^(FTS|Ivf)/i;
/** From here a scan of a column costs more than a lookup in its index (measured: 4.8 ms against 1.7 at 200,000 rows). */
const INDEX_FROM_ROWS = 50_000;

/**
 * Commits to wait between two compactions of a table with `rows` rows.
 *
 * A scan costs 0.16 ms of a core for each fragment, each commit adds a fragment, and a book takes two scans at most: k commits
 * between two compactions cost 0.16 k ms a book on average. A compaction rewrites all that is below a million rows, 7 ms a
 * thousand rows and 10 in any case, shared by k commits. The sum is smallest at k = √((7 · rows / 1000 + 10) / 0.16).
 */
export function commitsBetweenCompactions(rows: number, least = 16): number {
  return Math.min(256, Math.max(least, Math.round(Math.sqrt(((7 * rows) / 1000 + 10) / 0.16))));
}

/** One table: commits that survive races with other processes, and the housekeeping that keeps them cheap. */
export class LanceTable {
  readonly #database: LanceDatabase;
  readonly #spec: TableSpec;
  readonly #table: Table;
  /** Commits since the last compaction; fragments that were there before count as one commit each. */
  #commits: number;
  #compactAt: number;
  #maintenanceFailure: string | null = null;

  private constructor(
    database: LanceDatabase,
    spec: TableSpec,
    table: Table,
    fragments: number,
    rows: number,
  ) {
    this.#database = database;
    this.#spec = spec;
    this.#table = table;
    this.#commits = fragments;
    this.#compactAt = commitsBetweenCompactions(rows, spec.minCommits);
  }

  /** Opens the table, or makes it; two processes may do so at the same time. */
  static async open(database: LanceDatabase, spec: TableSpec): Promise<LanceTable> {
    try {
      const { name, schema } = spec;
      const table = await database.connection.createEmptyTable(name, schema, {
        mode: 'create',
        existOk: true,
      });
      const { numRows, fragmentStats } = await table.stats();
      return new LanceTable(database, spec, table, fragmentStats.numFragments, numRows);
    } catch (error) {
      throw lanceFailure(error, database.folder, `open the table ${spec.name}`);
    }
  }

  get name(): string {
    return this.#spec.name;
  }

  /** Null, or what the last compaction failed with. It is tried again later; nothing is lost by it but speed. */
  get maintenanceFailure(): string | null {
    return this.#maintenanceFailure;
  }

  /** A read of the newest version. `action` completes «could not …» in the error's message. */
  async read<T>(action: string, query: (table: Table) => Promise<T>): Promise<T> {
    try {
      return await query(this.#table);
    } catch (error) {
      throw lanceFailure(error, this.#database.folder, action);
    }
  }

  /**
   * One commit, done again when another process was first. `write` may run several times and reads for itself what
   * it depends on; `committed` says whether there was anything to do.
   */
  async commit<T>(
    action: string,
    write: (table: Table) => Promise<{ readonly result: T; readonly committed: boolean }>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { result, committed } = await write(this.#table);
        if (committed) this.#commits += 1;
        return result;
      } catch (error) {
        if (!isConflict(error) || attempt === MAX_ATTEMPTS)
          throw lanceFailure(error, this.#database.folder, action);
        await delay(Math.random() * MAX_CONFLICT_WAIT_MS);
        await this.#table.checkoutLatest();
      }
    }
  }

  /** Compacts when enough commits have come together. Never rejects: a table that is not compacted is only slower. */
  async maintain(): Promise<void> {
    if (this.#commits < this.#compactAt) return;
    try {
      if (await this.#isTended()) return;
      await this.#compact();
      this.#maintenanceFailure = null;
    } catch (error) {
      this.#maintenanceFailure = lanceFailure(error, this.#database.folder, 'compact').message;
    }
    this.#commits = 0;
  }

  close(): void {
    this.#table.close();
  }

  /** Asked only every few commits. Who tends a table compacts it, too: then it has fewer fragments than there were commits. */
  async #isTended(): Promise<boolean> {
    const { numRows, fragmentStats } = await this.#table.stats();
    this.#commits = Math.min(this.#commits, fragmentStats.numFragments);
    const indexes = numRows < TENDED_FROM_ROWS ? [] : await this.#table.listIndices();
    const heavy = indexes.some(({ indexType }) => HEAVY_INDEXES.test(indexType));
    const tended = heavy && this.#commits < UNTENDED_COMMITS;
    if (tended) this.#compactAt = Math.min(UNTENDED_COMMITS, 2 * this.#compactAt);
    return tended;
  }

  async #compact(): Promise<void> {
    const rows = await this.#table.countRows();
    if (rows >= INDEX_FROM_ROWS) await this.#addIndexes();
    await this.#table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
    this.#compactAt = commitsBetweenCompactions(rows, this.#spec.minCommits);
  }

  async #addIndexes(): Promise<void> {
    const existing = new Set((await this.#table.listIndices()).flatMap(({ columns }) => columns));
    for (const column of this.#spec.indexed) {
      if (existing.has(column)) continue;
      await this.#table.createIndex(column, { config: this.#database.lance.Index.btree() });
    }
  }
}
