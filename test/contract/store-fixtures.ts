import { v5 as uuidFrom } from 'uuid';
import type { BookRecord, Catalog } from '../../activities/ports/catalog.ts';
import type { StoredPoint, VectorStore } from '../../activities/ports/vector-store.ts';

/** Small enough for 10,000 points in a test, large enough that random vectors differ. */
export const DIMENSIONS = 32;

export interface Stores {
  readonly store: VectorStore;
  readonly catalog: Catalog;
}

/** One place where data is kept: a folder, or a prefix on a server. Nothing is in it at first. */
export interface Backing extends AsyncDisposable {
  /** Another instance on the same data, as another process would have it. */
  open(embedderId?: string, dimensions?: number): Promise<Stores>;
  /** Makes the data unreachable for good, for every instance that is open. */
  lose(): Promise<void>;
}

/** What a book would rather not be called: SQL, JSON and paths all have their own ideas of these. */
export const AWKWARD_TEXTS: readonly string[] = [
  `O'Brien's "C:\\books\\new"`,
  `'; DROP TABLE points; --`,
  `' OR '1'='1`,
  'two\nlines\r\nand\ttabs',
  'Ünïcödé 日本語 עברית العربية',
  '👩‍👩‍👧‍👦 family, 🏴󠁧󠁢󠁳󠁣󠁴󠁿 flag, e\u0301 combined',
  'nul\u0000inside',
  '%_*?[x]{y}$z`w`',
  '  spaces around  ',
  '',
];

const NAMESPACE = '6f4c1f0e-2f9d-4b36-8a5e-0c9d1a7b3e58';

/** The id of the book of that name. */
export function bookIdOf(name: string): string {
  return uuidFrom(name, NAMESPACE);
}

/** `count` points of one revision of a book, each with a unit vector of its own; the same call gives the same points. */
export function bookPoints(
  bookId: string,
  revision: string,
  count: number,
  changes: Partial<StoredPoint> = {},
  dimensions = DIMENSIONS,
): StoredPoint[] {
  return Array.from({ length: count }, (_, ordinal) => ({
    id: uuidFrom(`${bookId} ${revision} ${ordinal}`, NAMESPACE),
    bookId,
    revision,
    library: 'default',
    ordinal,
    text: `Passage ${ordinal} of ${bookId}.`,
    title: 'A Title',
    author: 'An Author',
    language: 'en',
    year: 1999,
    format: 'pdf',
    path: `/library/${bookId}.pdf`,
    page: { start: ordinal + 1, end: ordinal + 2 },
    section: ['Part', 'Chapter'],
    vector: unitVector(`${bookId} ${revision} ${ordinal}`, dimensions),
    ...changes,
  }));
}

/** A unit vector that depends on nothing but the seed. */
export function unitVector(seed: string, dimensions = DIMENSIONS): Float32Array {
  const next = randomFrom(seed);
  const values = Float32Array.from({ length: dimensions }, () => next() - 0.5);
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

export function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

/** A linear congruential generator (constants of Numerical Recipes), seeded by a text. */
function randomFrom(seed: string): () => number {
  let state = [...seed].reduce(
    (hash, letter) => (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0,
    7,
  );
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function closeStores({ store, catalog }: Stores): Promise<void> {
  await store[Symbol.asyncDispose]();
  await catalog[Symbol.asyncDispose]();
}

/** Writes as a caller should: no call with more points than the store asks for. */
export async function upsertAll(store: VectorStore, points: readonly StoredPoint[]): Promise<void> {
  for (let from = 0; from < points.length; from += store.maxPointsPerWrite) {
    await store.upsert(points.slice(from, from + store.maxPointsPerWrite));
  }
}

export function record(name: string, changes: Partial<BookRecord> = {}): BookRecord {
  return {
    bookId: bookIdOf(name),
    library: 'default',
    path: `/library/${name}.pdf`,
    title: name,
    author: null,
    format: 'pdf',
    state: 'ingested',
    revision: 'r1',
    sha256: 'ab'.repeat(32),
    bytes: 123_456_789,
    mtimeMs: 1_735_689_600_123.5,
    pipeline: 'p1',
    pages: 12,
    chunks: 34,
    artifacts: null,
    failure: null,
    workflowId: 'ingestBook/1',
    updatedAtMs: 1_735_689_600_000,
    ...changes,
  };
}
