import type { Query, Table, VectorQuery } from '@lancedb/lancedb';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { NearPassage, StoredHit, StoredPassage } from '../../ports/vector-store.ts';
import {
  bookColumns,
  bookOf,
  ownColumns,
  ownOf,
  type PassageOfBook,
  type PassageOwn,
  passageColumns,
} from './point-rows.ts';

const rowId = z.union([z.bigint(), z.number().transform(BigInt)]);
const rowIds = z.array(z.object({ _rowid: rowId }));
const scores: Readonly<Record<RankingQuery['scoreColumn'], z.ZodType<number[]>>> = {
  _distance: z.array(z.object({ _distance: z.number() }).transform((row) => row._distance)),
  _score: z.array(z.object({ _score: z.number() }).transform((row) => row._score)),
};

/**
 * To rank first, and to read what is not kept by its numbers, takes a quarter longer than to read all with the ranking where nothing
 * is kept (45 hits of 1.35 million: 20.8 and 16.5 ms of a core), and a third less where all is.
 */
const WORTHWHILE_SHARE = 0.5;
const LATEST_COUNTS = 0.1;

/** A passage and the number of its row. */
type Numbered<Passage> = readonly [bigint, Passage];

/** A query in the order of whose rows the hits are given. */
export interface RankingQuery {
  /** A new query each time: LanceDB's own are changed by what is asked of them. */
  readonly build: () => Query | VectorQuery;
  /** Column by which LanceDB ordered them. */
  readonly scoreColumn: '_distance' | '_score';
  /** What the column says, as the score of a hit. */
  readonly scoreOf: (value: number) => number;
}

/**
 * The passages that searches gave, by their rows in one version of the table.
 *
 * LanceDB finds the best 60 of 1.35 million rows in 10 ms of a core, and takes 15 more to read their fifteen columns, about
 * one for each column. So a row that was given before is not read again, and what all passages of a book have alike
 * is read of one of them. A row's number names it in one version only: the passages that are kept are dropped at every commit, and
 * a search that a commit came between is made again, whole.
 */
export class KeptPassages {
  readonly #kept: LRUCache<bigint, StoredPassage>;
  readonly #books: LRUCache<string, PassageOfBook>;
  /** Where passages were when a search gave them. Not dropped at a commit: what is read by it is held against its id. */
  readonly #numbers: LRUCache<string, bigint>;
  #version: number | null = null;
  /** Of the rows that searches found, the share that was kept already; the later the search, the more it counts. */
  #keptShare = 1;

  /** @param most passages, about 2 KB each, and as many books */
  constructor(most: number) {
    this.#kept = new LRUCache({ max: most });
    this.#books = new LRUCache({ max: most });
    this.#numbers = new LRUCache({ max: most });
  }

  /** The hits of a query, best first. */
  async hits(table: Table, query: RankingQuery): Promise<StoredHit[]> {
    const isWorthLooking = this.#keptShare >= WORTHWHILE_SHARE;
    return await this.#inOneVersion(
      table,
      isWorthLooking ? () => this.#byNumber(table, query) : null,
      async () => {
        const { scoreColumn, scoreOf } = query;
        const asked = query.build().select([...passageColumns, scoreColumn]);
        const rows: unknown[] = await asked.withRowId().toArray();
        const taken = wholePassages(rows);
        this.#countKept(numbersOf(rows));
        const values = scoresOf(rows, scoreColumn);
        return { taken, value: taken.map(([, passage], at) => hitOf(passage, values[at], scoreOf)) };
      },
    );
  }

  #countKept(numbers: readonly bigint[]): void {
    if (numbers.length === 0) return;
    const kept = numbers.filter((number) => this.#kept.has(number)).length;
    this.#keptShare += LATEST_COUNTS * (kept / numbers.length - this.#keptShare);
  }

  /** The passages of the rows that a query finds. @param build a new query each time */
  async passages(table: Table, build: () => Query): Promise<StoredPassage[]> {
    const all = (taken: readonly Numbered<StoredPassage>[]) => ({
      taken,
      value: taken.map(([, passage]) => passage),
    });
    return await this.#inOneVersion(
      table,
      async () => {
        const asked = build().select([...ownColumns]);
        return all(await this.#withBooks(table, await asked.withRowId().toArray()));
      },
      async () => {
        const asked = build().select([...passageColumns]);
        return all(wholePassages(await asked.withRowId().toArray()));
      },
    );
  }

  /**
   * Of the passages with these ids those that lie where they are thought to: where a search found them, or so many rows after one
   * that it found. LanceDB passes over numbers that no row has. A look for their ids takes three times as long as this,
   * and longer with every fragment that no index holds, all of which it reads.
   */
  async passagesNear(
    table: Table,
    ids: readonly string[],
    near: ReadonlyMap<string, NearPassage> = new Map(),
  ): Promise<StoredPassage[]> {
    const idOf = new Map<bigint, string>();
    for (const id of ids) {
      const { id: known, after } = near.get(id) ?? { id, after: 0 };
      const number = this.#numbers.get(known);
      if (number !== undefined) idOf.set(number + BigInt(after), id);
    }
    // Before the first row of all there is none, and to ask for it would be an error.
    const numbers = [...idOf.keys()].filter((number) => number >= 0n);
    if (numbers.length === 0) return [];
    const right = (taken: readonly Numbered<StoredPassage>[]) => ({
      taken,
      value: taken.flatMap(([number, passage]) => (idOf.get(number) === passage.id ? [passage] : [])),
    });
    return await this.#inOneVersion(
      table,
      async () => right(await this.#withBooks(table, await rowsOf(table, numbers, ownColumns))),
      async () => right(wholePassages(await rowsOf(table, numbers, passageColumns))),
    );
  }

  /** By what is kept, where that is wanted and of the table's version before and after; else without it. */
  async #inOneVersion<Value>(
    table: Table,
    withKept: (() => Promise<Found<Value>>) | null,
    whole: () => Promise<Found<Value>>,
  ): Promise<Value> {
    const version = await table.version();
    if (withKept && version === this.#version) {
      // Rows that were moved meanwhile may not be there at all.
      const found = await withKept().catch(() => null);
      if (found && (await table.version()) === version) {
        this.#note(found.taken);
        this.#keep(version, found.taken);
        return found.value;
      }
    }
    const found = await whole();
    this.#note(found.taken);
    if ((await table.version()) === version) this.#keep(version, found.taken);
    return found.value;
  }

  /** Ranks first, and reads what is not kept. */
  async #byNumber(table: Table, { build, scoreColumn, scoreOf }: RankingQuery): Promise<Found<StoredHit[]>> {
    const ranked: unknown[] = await build().select([scoreColumn]).withRowId().toArray();
    const numbers = numbersOf(ranked);
    this.#countKept(numbers);
    const values = scoresOf(ranked, scoreColumn);
    const kept = numbers.flatMap((number): Numbered<StoredPassage>[] => {
      const passage = this.#kept.get(number);
      return passage ? [[number, passage]] : [];
    });
    const found = new Map(kept);
    const missing = numbers.filter((number) => !found.has(number));
    const rows = missing.length === 0 ? [] : await rowsOf(table, missing, ownColumns);
    const taken = await this.#withBooks(table, rows);
    for (const [number, passage] of taken) found.set(number, passage);
    const value = numbers.flatMap((number, rank) => {
      const passage = found.get(number);
      return passage ? [hitOf(passage, values[rank], scoreOf)] : [];
    });
    return { value, taken };
  }

  /** Rows with `ownColumns`; of each book that is not known yet one is read whole. */
  async #withBooks(table: Table, rows: readonly unknown[]): Promise<Numbered<StoredPassage>[]> {
    const numbers = numbersOf(rows);
    const own = rows.map((row, at): Numbered<PassageOwn> => [numbers[at] ?? -1n, ownOf(row)]);
    const books = new Map<string, PassageOfBook>();
    const unknown = new Map<bigint, string>();
    const named = new Set<string>();
    for (const [number, passage] of own) {
      const key = bookKey(passage);
      const known = this.#books.get(key);
      if (known) books.set(key, known);
      else if (!named.has(key)) unknown.set(number, key);
      named.add(key);
    }
    const read = unknown.size === 0 ? [] : await rowsOf(table, [...unknown.keys()], bookColumns);
    for (const [at, number] of numbersOf(read).entries())
      books.set(unknown.get(number) ?? '', bookOf(read[at]));
    return own.flatMap(([number, passage]): Numbered<StoredPassage>[] => {
      const book = books.get(bookKey(passage));
      return book ? [[number, { ...passage, ...book }]] : [];
    });
  }

  #note(passages: readonly Numbered<StoredPassage>[]): void {
    for (const [number, { id }] of passages) this.#numbers.set(id, number);
  }

  #keep(version: number, passages: readonly Numbered<StoredPassage>[]): void {
    // An answer that comes late must not take the place of what a later search kept.
    if (this.#version !== null && version < this.#version) return;
    if (version !== this.#version) {
      this.#kept.clear();
      this.#books.clear();
    }
    this.#version = version;
    for (const [number, passage] of passages) {
      this.#kept.set(number, passage);
      const key = bookKey(passage);
      if (!this.#books.has(key)) this.#books.set(key, bookPart(passage));
    }
  }
}

interface Found<Value> {
  readonly value: Value;
  /** To be kept. */
  readonly taken: readonly Numbered<StoredPassage>[];
}

function bookKey({ bookId, revision }: { readonly bookId: string; readonly revision: string }): string {
  return `${bookId} ${revision}`;
}

function bookPart({ library, title, author, language, year, format, path }: StoredPassage): PassageOfBook {
  return { library, title, author, language, year, format, path };
}

function hitOf(
  passage: StoredPassage,
  value: number | undefined,
  scoreOf: RankingQuery['scoreOf'],
): StoredHit {
  return { ...passage, score: scoreOf(value ?? Number.NaN) };
}

async function rowsOf(
  table: Table,
  numbers: bigint[],
  columns: readonly string[],
): Promise<readonly unknown[]> {
  return await table
    .takeRowIds(numbers)
    .select([...columns])
    .withRowId()
    .toArray();
}

/** Rows with `passageColumns`. */
function wholePassages(rows: readonly unknown[]): Numbered<StoredPassage>[] {
  const numbers = numbersOf(rows);
  return rows.map((row, at) => [numbers[at] ?? -1n, { ...ownOf(row), ...bookOf(row) }]);
}

function numbersOf(rows: readonly unknown[]): bigint[] {
  return rowIds.parse(rows).map(({ _rowid }) => _rowid);
}

function scoresOf(rows: readonly unknown[], column: RankingQuery['scoreColumn']): number[] {
  return scores[column].parse(rows);
}
