import type { Query, Table, VectorQuery } from '@lancedb/lancedb';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { StoredHit, StoredPassage } from '../../ports/vector-store.ts';
import { passageColumns, passageOf } from './point-rows.ts';

const rowId = z.union([z.bigint(), z.number().transform(BigInt)]);
const rowIds = z.array(z.object({ _rowid: rowId }));
const scores: Readonly<Record<RankingQuery['scoreColumn'], z.ZodType<number[]>>> = {
  _distance: z.array(z.object({ _distance: z.number() }).transform((row) => row._distance)),
  _score: z.array(z.object({ _score: z.number() }).transform((row) => row._score)),
};

/** A passage and the number of its row. */
type NumberedPassage = readonly [bigint, StoredPassage];

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
 * LanceDB finds the best 60 rows in 1 ms of a core and takes 6 more to read their fifteen columns (measured on 45,000
 * rows), so that a row that was given before is not read again. A row's number names it in one version only: what is
 * kept is dropped at every commit, and a search that a commit came between is made again, whole.
 */
export class KeptPassages {
  readonly #kept: LRUCache<bigint, StoredPassage>;
  #version: number | null = null;

  /** @param most passages, about 2 KB each */
  constructor(most: number) {
    this.#kept = new LRUCache({ max: most });
  }

  /** The hits of a query, best first. */
  async hits(table: Table, query: RankingQuery): Promise<StoredHit[]> {
    const version = await table.version();
    if (version === this.#version) {
      // Rows that were moved meanwhile may not be there at all.
      const found = await this.#byNumber(table, query).catch(() => null);
      if (found && (await table.version()) === version) {
        this.#keep(version, found.taken);
        return found.hits;
      }
    }
    return await this.#whole(table, query, version);
  }

  /** Ranks first, and reads what is not kept. */
  async #byNumber(
    table: Table,
    { build, scoreColumn, scoreOf }: RankingQuery,
  ): Promise<{ readonly hits: StoredHit[]; readonly taken: readonly NumberedPassage[] }> {
    const ranked: unknown[] = await build().select([scoreColumn]).withRowId().toArray();
    const numbers = numbersOf(ranked);
    const values = scoresOf(ranked, scoreColumn);
    const kept = numbers.flatMap((number): NumberedPassage[] => {
      const passage = this.#kept.get(number);
      return passage ? [[number, passage]] : [];
    });
    const found = new Map(kept);
    const missing = numbers.filter((number) => !found.has(number));
    const taken = missing.length === 0 ? [] : await rowsOf(table, missing);
    for (const [number, passage] of taken) found.set(number, passage);
    const hits = numbers.flatMap((number, rank) => {
      const passage = found.get(number);
      return passage ? [{ ...passage, score: scoreOf(values[rank] ?? Number.NaN) }] : [];
    });
    return { hits, taken };
  }

  async #whole(
    table: Table,
    { build, scoreColumn, scoreOf }: RankingQuery,
    version: number,
  ): Promise<StoredHit[]> {
    const query = build().select([...passageColumns, scoreColumn]);
    const rows: unknown[] = await query.withRowId().toArray();
    const passages = passagesOf(rows);
    if ((await table.version()) === version) this.#keep(version, passages);
    const values = scoresOf(rows, scoreColumn);
    return passages.map(([, passage], rank) => ({ ...passage, score: scoreOf(values[rank] ?? Number.NaN) }));
  }

  #keep(version: number, passages: readonly NumberedPassage[]): void {
    // An answer that comes late must not take the place of what a later search kept.
    if (this.#version !== null && version < this.#version) return;
    if (version !== this.#version) this.#kept.clear();
    this.#version = version;
    for (const [number, passage] of passages) this.#kept.set(number, passage);
  }
}

async function rowsOf(table: Table, numbers: bigint[]): Promise<NumberedPassage[]> {
  const query = table.takeRowIds(numbers).select([...passageColumns]);
  return passagesOf(await query.withRowId().toArray());
}

function passagesOf(rows: readonly unknown[]): NumberedPassage[] {
  const numbers = numbersOf(rows);
  return rows.map((row, at) => [numbers[at] ?? -1n, passageOf(row)]);
}

function numbersOf(rows: readonly unknown[]): bigint[] {
  return rowIds.parse(rows).map(({ _rowid }) => _rowid);
}

function scoresOf(rows: readonly unknown[], column: RankingQuery['scoreColumn']): number[] {
  return scores[column].parse(rows);
}
