/**
 * Which indexes a table of points should have, and what is to be done about it now. Pure.
 *
 * An index only saves time: LanceDB compares the rows that no index holds one by one, so that none is missed. The one
 * exception is told at `isLongTail`.
 */

/** What the plan rests on. */
export interface TableState {
  readonly rows: number;
  readonly fragments: number;
  readonly indexes: readonly IndexState[];
}

export interface IndexState {
  readonly name: string;
  readonly unindexedRows: number;
  /** Parts that are searched one after the other; each round of upkeep may add one. */
  readonly segments: number;
}

export type IndexKind = 'words' | 'vectors' | 'ordered' | 'values' | 'labels';

export interface WantedIndex {
  readonly name: string;
  readonly column: string;
  readonly kind: IndexKind;
  /** Rows from which it is worth its upkeep. */
  readonly fromRows: number;
}

export type UpkeepStep = { readonly kind: 'compact' } | ({ readonly kind: 'build' } & { index: WantedIndex });

/**
 * Reading a thousand texts for their words takes 50 to 80 ms, comparing a thousand vectors 0.3 ms, and a thousand values of a
 * column 0.02 ms (measured on 2 cores). The index of the words gives exactly what the scan gives; that of the vectors
 * loses a neighbour in a hundred, so it waits until the scan is slow.
 */
const WORDS_FROM_ROWS = 5_000;
const VECTORS_FROM_ROWS = 100_000;
const COLUMNS_FROM_ROWS = 50_000;

const column = (name: string, kind: IndexKind): WantedIndex => ({
  ...{ name: `${name}_idx`, column: name, kind, fromRows: COLUMNS_FROM_ROWS },
});

export const VECTOR_INDEX = 'vector_idx';
export const WORDS_INDEX = 'text_idx';

/** Names are those that LanceDB gives by itself: version 0.1 made `id_idx` and `book_id_idx`. */
export const wantedIndexes: readonly WantedIndex[] = [
  { name: WORDS_INDEX, column: 'text', kind: 'words', fromRows: WORDS_FROM_ROWS },
  { name: VECTOR_INDEX, column: 'vector', kind: 'vectors', fromRows: VECTORS_FROM_ROWS },
  ...['id', 'book_id', 'title', 'author', 'year', 'page_start', 'page_end'].map((name) =>
    column(name, 'ordered'),
  ),
  ...['library', 'language', 'format'].map((name) => column(name, 'values')),
  column('section', 'labels'),
];

/**
 * While the table grows, building the index of the vectors takes half a minute of a core for each million, again and again,
 * and nothing is compacted meanwhile; and each compaction moves the rows of all indexes. So scans are borne for longer, and
 * the rest is done at the end.
 */
const GROWING_FACTOR = 4;

/** A question reads so many texts, at most, of a large table that no index holds: it takes 50 to 80 ms of a core. */
const MOST_UNINDEXED = 1_000;
/**
 * Upkeep of a million rows takes 6 s of a core, however few are new. So while questions come, a growing table of 300,000
 * rows has it for every thousand new ones, and a larger one for so many more.
 */
const ROWS_FOR_EACH_THOUSAND = 300_000;
/** A tail is long for a search when it is long to read, and no more than this part of the table. */
const LONG_TAIL_SHARE = 0.05;

/**
 * Whether rows that the index of words lacks are too many to be read for a question, and few enough to be left to the
 * search by meaning until upkeep comes. The larger the table, the longer its own search takes, the more rarely upkeep comes, and
 * the less is left for reading.
 */
export function isLongTail(unindexed: number, rows: number): boolean {
  return unindexed > MOST_UNINDEXED / sizeFactorOf(rows) && unindexed < LONG_TAIL_SHARE * rows;
}

function sizeFactorOf(rows: number): number {
  return Math.min(GROWING_FACTOR, Math.max(1, rows / ROWS_FOR_EACH_THOUSAND));
}
/**
 * A search pays 0.065 ms a fragment, and a compaction leaves one for each million rows. While the table grows and nobody asks,
 * four times as many are borne: a new book takes no scan where one process writes, and 256 fragments make its commit 2 ms longer.
 */
const MOST_SMALL_FRAGMENTS = 64;
const ROWS_PER_FRAGMENT = 1_000_000;
/** From so many parts on the index of the vectors is built anew, as one. */
const MOST_SEGMENTS = 12;

/** Rows that one of the indexes lacks. */
export function unindexedRows({ indexes }: TableState): number {
  return Math.max(0, ...indexes.map((index) => index.unindexedRows));
}

export interface PlanOptions {
  /** Rows that may stay without an index; 0 for a table that nobody writes. Default 1,000. */
  readonly mostUnindexed?: number;
  /** Whether rows are being added. Default false. */
  readonly growing?: boolean;
  /** Whether questions are being asked. Default false. */
  readonly asked?: boolean;
  /** Whether there are many files of former versions: a compaction takes them away. Default false. */
  readonly littered?: boolean;
}

/** What pays now, in the order in which it is to be done: an index that is built last is not moved by a compaction. */
export function planUpkeep(
  state: TableState,
  { mostUnindexed = MOST_UNINDEXED, growing = false, asked = false, littered = false }: PlanOptions = {},
): readonly UpkeepStep[] {
  const { rows, fragments, indexes } = state;
  const byName = new Map(indexes.map((index) => [index.name, index]));
  const unseen = growing && !asked;
  const mostFragments = MOST_SMALL_FRAGMENTS * (unseen ? GROWING_FACTOR : 1);
  const scattered = fragments > mostFragments + Math.ceil(rows / ROWS_PER_FRAGMENT);
  const behind = unindexedRows(state) > mostUnindexed * (growing ? patienceOf(rows, asked) : 1);
  const builds = wantedIndexes.filter((index) => isToBuild(index, byName.get(index.name), rows, growing));
  return [
    ...(scattered || behind || (littered && !growing) ? [{ kind: 'compact' } as const] : []),
    ...builds.map((index) => ({ kind: 'build', index }) as const),
  ];
}

/** How many times the rows may lack an index while the table grows. */
function patienceOf(rows: number, asked: boolean): number {
  return asked ? sizeFactorOf(rows) : GROWING_FACTOR;
}

function isToBuild(
  { kind, fromRows }: WantedIndex,
  found: IndexState | undefined,
  rows: number,
  growing: boolean,
): boolean {
  const patience = growing && kind === 'vectors' ? GROWING_FACTOR : 1;
  if (found === undefined) return rows >= patience * fromRows;
  return kind === 'vectors' && found.segments > patience * MOST_SEGMENTS;
}
