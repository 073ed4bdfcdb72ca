/** A store as large as a library of 9,000 books: real sentences put together anew, vectors in clusters. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLanceStores } from '../../../activities/adapters/lancedb/lance-stores.ts';
import { bookIdOf, chunkIdOf } from '../../../activities/naming.ts';
import type { BookRecord, Catalog } from '../../../activities/ports/catalog.ts';
import type { StoredPoint } from '../../../activities/ports/vector-store.ts';
import { Seeded } from './seeded-numbers.ts';

export const CHUNKS_PER_BOOK = 150;
const SENTENCES_PER_CHUNK = 7;
const CLUSTERS = 2_000;
/** Length of the noise beside a centre of length one: neighbours of real passages have a cosine of about 0.6. */
const NOISE = 0.8;
const LIBRARIES = 3;
const BOOKS_AT_ONCE = 50;

/** Lets a seventh of the passages through. */
export const FILTER = { library: 'library-1', filters: { years: { from: 1950, to: 1999 } } } as const;

export type Stores = Awaited<ReturnType<typeof openLanceStores>>;

/** Another one for another kind of index or another shape of rows: a store of before would be measured under today's name. */
const LAYOUT = 2;

export function syntheticFolder(cache: string, chunks: number): string {
  return join(cache, `bench-search-${LAYOUT}-${chunks}`);
}

export interface SyntheticOptions {
  readonly folder: string;
  readonly chunks: number;
  readonly embedderId: string;
  readonly dimensions: number;
  readonly sentences: readonly string[];
  readonly signal: AbortSignal;
}

/** Opens the store, and fills it where that is not done yet; `loadSeconds` is null when it was there. */
export async function openSyntheticStore(
  options: SyntheticOptions,
): Promise<{ stores: Stores; loadSeconds: number | null }> {
  const { folder, embedderId, dimensions } = options;
  const complete = join(folder, 'complete');
  const isThere = existsSync(complete);
  if (!isThere) await rm(folder, { recursive: true, force: true });
  const stores = await openLanceStores({ folder, embedderId, dimensions });
  if (isThere) return { stores, loadSeconds: null };
  const started = performance.now();
  await fill(stores, options);
  await writeFile(complete, '');
  return { stores, loadSeconds: (performance.now() - started) / 1_000 };
}

async function fill({ store, catalog }: Stores, options: SyntheticOptions): Promise<void> {
  await putLibraries(catalog, options);
  let written = 0;
  for (const books of syntheticBooks(options)) {
    options.signal.throwIfAborted();
    const points = books.flatMap((book) => book.points);
    const size = store.maxPointsPerWrite;
    const writes = Array.from({ length: Math.ceil(points.length / size) }, (_, n) =>
      store.upsert(points.slice(n * size, (n + 1) * size)),
    );
    await Promise.all([...writes, ...books.map(({ record }) => catalog.put(record))]);
    written += points.length;
    process.stderr.write(`\r${written} chunks written `);
  }
  process.stderr.write('\n');
}

export async function putLibraries(
  catalog: Catalog,
  { embedderId, dimensions }: Pick<SyntheticOptions, 'embedderId' | 'dimensions'>,
): Promise<void> {
  for (let n = 0; n < LIBRARIES; n++)
    await catalog.putLibrary({ library: `library-${n}`, embedderId, dimensions });
}

export interface SyntheticBook {
  readonly record: BookRecord;
  readonly points: readonly StoredPoint[];
}

/** Always the same ones, as many at once as are written at once. */
export function* syntheticBooks({
  chunks,
  dimensions,
  sentences,
}: Pick<SyntheticOptions, 'chunks' | 'dimensions' | 'sentences'>): Generator<SyntheticBook[]> {
  const random = new Seeded(7);
  const centres = Array.from({ length: CLUSTERS }, () => random.unitVector(dimensions));
  const books = Math.ceil(chunks / CHUNKS_PER_BOOK);
  for (let from = 0; from < books; from += BOOKS_AT_ONCE) {
    const some = Array.from({ length: Math.min(BOOKS_AT_ONCE, books - from) }, (_, n) => bookOf(from + n));
    yield some.map((book) => ({
      record: recordOf(book),
      points: pointsOf(book, random, centres, sentences),
    }));
  }
}

/** Questions whose neighbours lie as those of real ones: near the middle of a cluster. */
export function syntheticQueries(count: number, dimensions: number): Float32Array[] {
  const random = new Seeded(7);
  const centres = Array.from({ length: CLUSTERS }, () => random.unitVector(dimensions));
  const other = new Seeded(23);
  return Array.from({ length: count }, () => other.near(other.pick(centres), NOISE));
}

interface BookName {
  readonly bookId: string;
  readonly revision: string;
  readonly library: string;
  readonly path: string;
  readonly n: number;
}

function bookOf(n: number): BookName {
  const library = `library-${n % LIBRARIES}`;
  const path = `/books/${n}.pdf`;
  return { n, library, path, bookId: bookIdOf(library, path), revision: revisionOf(n) };
}

function pointsOf(
  { bookId, revision, library, path, n }: BookName,
  random: Seeded,
  centres: readonly Float32Array[],
  sentences: readonly string[],
): StoredPoint[] {
  const subject = random.pick(centres);
  return Array.from({ length: CHUNKS_PER_BOOK }, (_, ordinal) => ({
    ...{ id: chunkIdOf(bookId, revision, ordinal), bookId, revision, library, ordinal, path },
    text: Array.from({ length: SENTENCES_PER_CHUNK }, () => random.pick(sentences)).join(' '),
    ...{ title: `Book ${n}`, author: `Author ${n % 700}`, language: n % 9 === 0 ? 'de' : 'en' },
    ...{ year: 1900 + (n % 120), format: n % 5 === 0 ? 'epub' : 'pdf' },
    ...{ page: { start: ordinal + 1, end: ordinal + 1 }, section: [`Chapter ${ordinal >> 4}`] },
    vector: random.near(ordinal % 3 === 0 ? random.pick(centres) : subject, NOISE),
  }));
}

function recordOf({ bookId, revision, library, path, n }: BookName): BookRecord {
  return {
    ...{ bookId, library, path, title: `Book ${n}`, author: `Author ${n % 700}`, format: 'pdf' },
    ...{ state: 'ingested', revision, sha256: null, bytes: 0, mtimeMs: 0, pipeline: '' },
    ...{ pages: CHUNKS_PER_BOOK, chunks: CHUNKS_PER_BOOK, artifacts: null, failure: null },
    ...{ workflowId: 'bench', updatedAtMs: 0 },
  };
}

/** Does what the plan of upkeep says, as a service would do by and by. */
export async function maintained({ store }: Stores, signal: AbortSignal): Promise<void> {
  while (await store.needsUpkeep()) {
    signal.throwIfAborted();
    for (const line of (await store.maintain(signal)).done) process.stderr.write(`${line}\n`);
  }
}

/** As long as those of real books, which have one each. */
function revisionOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('hex').slice(0, 32);
}
