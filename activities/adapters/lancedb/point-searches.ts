import type { SearchFilter, StoredHit, TextSearchOptions } from '../../ports/vector-store.ts';
import type { LanceLibrary } from './database.ts';
import type { KeptPassages } from './kept-passages.ts';
import type { SearchTable } from './search-table.ts';
import { bestMatching, isNarrowing, nearest } from './searches.ts';
import type { LanceTable } from './table.ts';
import { isLongTail, type TableState, VECTOR_INDEX, WORDS_INDEX } from './upkeep-plan.ts';
import { tableState } from './upkeep-steps.ts';
import { VersionedReads } from './versioned-reads.ts';

/** What there is to know about a table, by one name. */
const STATE = 'state';

/** How a table of points is searched, by what its indexes hold at the moment. */
export class PointSearches {
  readonly #lance: LanceLibrary;
  readonly #searched: SearchTable;
  readonly #kept: KeptPassages;
  readonly #states: VersionedReads<TableState>;

  /** @param table whose indexes are looked at, @param searched the same one, whose indexes are read */
  constructor(lance: LanceLibrary, table: LanceTable, searched: SearchTable, kept: KeptPassages) {
    this.#lance = lance;
    this.#searched = searched;
    this.#kept = kept;
    this.#states = new VersionedReads({
      version: () => table.read('be looked at', (opened) => opened.version()),
      load: async () => new Map([[STATE, await table.read('be looked at', tableState)]]),
      most: 1,
    });
  }

  /** What fits a narrow filter may lie in parts of the index that were not looked at: then all of it is compared. */
  async byVector(vector: Float32Array, filter: SearchFilter, limit: number): Promise<StoredHit[]> {
    return await this.#searched.read('search', async (table) => {
      const hits = await this.#kept.hits(table, nearest(table, vector, filter, limit));
      if (hits.length >= limit || !isNarrowing(filter) || !(await this.#index(VECTOR_INDEX))) return hits;
      return await this.#kept.hits(table, nearest(table, vector, filter, limit, true));
    });
  }

  /**
   * A thousand texts that no index holds are read in 55 ms of a core, for every search. While a large table grows, a
   * search of all of it, where one by meaning goes beside it, leaves such a tail to that one until upkeep has indexed its words.
   */
  async byWords(
    text: string,
    filter: SearchFilter,
    limit: number,
    { promptly = false, onLeftOut }: TextSearchOptions,
  ): Promise<StoredHit[]> {
    const words = new this.#lance.MatchQuery(text, 'text');
    const onlyIndexed = promptly && !isNarrowing(filter) && (await this.wordsWaiting()) > 0;
    if (onlyIndexed) onLeftOut?.();
    return await this.#searched.read('search texts', (table) =>
      this.#kept.hits(table, bestMatching(table, words, filter, limit, onlyIndexed)),
    );
  }

  /** Passages that a prompt search of the whole table does not find by their words yet. */
  async wordsWaiting(): Promise<number> {
    const index = await this.#index(WORDS_INDEX);
    return index && isLongTail(index.unindexedRows, index.rows) ? index.unindexedRows : 0;
  }

  async #index(name: string) {
    const state = (await this.#states.read([STATE])).get(STATE);
    const index = state?.indexes.find((each) => each.name === name);
    return state && index && { ...index, rows: state.rows };
  }
}
