import type { Connection, Table } from '@lancedb/lancedb';
import { connectLance, type LanceDatabase, MB } from './database.ts';
import { lanceFailure } from './failures.ts';

export interface SearchTableOptions {
  readonly database: LanceDatabase;
  readonly name: string;
  /** What its indexes take in memory for each row, about; see `indexBytesPerRow`. */
  readonly bytesPerRow: number;
  /** Rows that it has now. */
  rows(): Promise<number>;
  /** Time between two looks at how large the table is, in milliseconds. */
  readonly lookEveryMs?: number;
}

/**
 * Bytes of a passage in the indexes of vectors, words and ids: 4 bits for each number of the vector, which LanceDB keeps
 * twice, and the rest. 1.35 million passages of 384 dimensions were measured with about 1 GB.
 */
export function indexBytesPerRow(dimensions: number): number {
  return dimensions + 416;
}

/** What the indexes of a table of a few rows take: measured with 300, of a dozen columns. */
const EMPTY_INDEXES = 5 * MB;
/**
 * What a small table has beyond that: room for what was read of former versions, which fills up by 5 KB a book that is written
 * (measured) and brings nothing. With four times as much no search was faster, and the process grew for an hour.
 */
const LEAST_ROOM = 3 * MB;
/** What does not fit is read from disk for every question. */
const MOST_CACHE = 1_536 * MB;
/** What tells where things lie in the files: far less than the indexes. */
const METADATA_SHARE = 12;
const LEAST_METADATA = 4 * MB;
const LOOK_EVERY_MS = 10_000;

interface Opened {
  readonly table: Table;
  readonly connection: Connection;
}

/** The table in one session, until the table has outgrown it. */
interface Session {
  readonly cacheBytes: number;
  readonly opening: Promise<Opened>;
  reads: number;
  left: boolean;
}

/**
 * A table of points as searches read it, in a session of its own whose cache has twice the size that the indexes have by the rows.
 *
 * LanceDB keeps in its cache what it read of every version of an index, until the cache is full: one that is large enough
 * for a large library grows for hours where a small one changes. So it gets what the table needs now, and a new session,
 * with an empty cache, when the table has twice as many rows.
 */
export class SearchTable {
  readonly #options: SearchTableOptions;
  readonly #lookEveryMs: number;
  #session: Session | null = null;
  #closed = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SearchTableOptions) {
    this.#options = options;
    this.#lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
  }

  /** Bound of the cache of indexes; null before the first search. */
  get cacheBytes(): number | null {
    return this.#session?.cacheBytes ?? null;
  }

  /** A read of the newest version. `action` completes «could not …» in the error's message. */
  async read<T>(action: string, query: (table: Table) => Promise<T>): Promise<T> {
    const { folder } = this.#options.database;
    try {
      const needed = await this.#neededBytes();
      const session = this.#sessionFor(needed);
      session.reads += 1;
      try {
        return await query((await session.opening).table);
      } finally {
        session.reads -= 1;
        closeUnread(session);
      }
    } catch (error) {
      throw lanceFailure(error, folder, action);
    }
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  /** Null when it was asked a moment ago. */
  async #neededBytes(): Promise<number | null> {
    const now = performance.now();
    if (this.#session && now - this.#lookedAtMs < this.#lookEveryMs) return null;
    this.#lookedAtMs = now;
    return EMPTY_INDEXES + (await this.#options.rows()) * this.#options.bytesPerRow;
  }

  /** Nothing is awaited here: searches that come meanwhile share the new session. */
  #sessionFor(neededBytes: number | null): Session {
    if (this.#closed) throw new Error('it is closed');
    const current = this.#session;
    const needed = Math.min(MOST_CACHE, neededBytes ?? EMPTY_INDEXES);
    if (current && needed <= current.cacheBytes) return current;
    this.#leave();
    const ofRows = needed - EMPTY_INDEXES;
    const cacheBytes = Math.min(MOST_CACHE, EMPTY_INDEXES + Math.max(LEAST_ROOM, 2 * ofRows));
    const session = { cacheBytes, opening: this.#open(cacheBytes), reads: 0, left: false };
    session.opening.catch(() => {
      if (this.#session === session) this.#session = null;
    });
    this.#session = session;
    return session;
  }

  async #open(cacheBytes: number): Promise<Opened> {
    const { database, name } = this.#options;
    const caches = {
      index: cacheBytes,
      metadata: Math.max(LEAST_METADATA, Math.round(cacheBytes / METADATA_SHARE)),
    };
    const connection = await connectLance(database.lance, database.folder, caches);
    return { connection, table: await connection.openTable(name) };
  }

  #leave(): void {
    if (!this.#session) return;
    this.#session.left = true;
    closeUnread(this.#session);
    this.#session = null;
  }
}

/** A table that was left is closed after its last read; its cache is given back when the garbage is collected next. */
function closeUnread({ left, reads, opening }: Session): void {
  if (!left || reads > 0) return;
  opening.then(
    ({ table, connection }) => {
      table.close();
      connection.close();
    },
    () => {},
  );
}
