/** The corpus as the product ingests it: its chunker, its store, its catalog. */
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import { openLanceStores } from '../../../activities/adapters/lancedb/lance-stores.ts';
import { bookIdOf, chunkIdOf } from '../../../activities/naming.ts';
import type { BookRecord } from '../../../activities/ports/catalog.ts';
import type { Chunk, PageText } from '../../../activities/ports/documents.ts';
import type { Embedder } from '../../../activities/ports/embedder.ts';
import type { StoredPoint } from '../../../activities/ports/vector-store.ts';
import { tempFolder } from '../../helpers/temp-folder.ts';
import { cachedVectors } from './cached-vectors.ts';
import type { CorpusBook } from './corpus.ts';

export interface BenchLibrary extends AsyncDisposable {
  readonly stores: Awaited<ReturnType<typeof openLanceStores>>;
  readonly chunks: number;
  /** Id in books.json, by the product's id of the book. */
  readonly names: ReadonlyMap<string, string>;
}

export interface LibraryOptions {
  readonly tokenizerPath: string;
  /** Tokens of a chunk. */
  readonly maxTokens: number;
  readonly overlapTokens: number;
  readonly cache: string;
  readonly signal: AbortSignal;
}

const LIBRARY = 'bench';
const REVISION = 'r1';
const MB = 2 ** 20;
const limits = {
  maxFileBytes: 64 * MB,
  maxTextBytes: 16 * MB,
  timeoutMs: 120_000,
  maxMemoryBytes: 1_024 * MB,
};

export async function openLibrary(
  books: readonly CorpusBook[],
  embedder: Embedder,
  options: LibraryOptions,
): Promise<BenchLibrary> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const { id: embedderId, dimensions } = embedder;
  const stores = await openLanceStores({ folder: folder.path, embedderId, dimensions });
  opened.use(stores.store);
  opened.use(stores.catalog);
  const points = await pointsOf(books, embedder, options);
  const size = stores.store.maxPointsPerWrite;
  for (let from = 0; from < points.length; from += size)
    await stores.store.upsert(points.slice(from, from + size));
  await stores.catalog.putLibrary({ library: LIBRARY, embedderId, dimensions });
  for (const book of books) await stores.catalog.put(recordOf(book, points));
  await stores.store.maintain(options.signal);
  const owned = opened.move();
  return {
    ...{ stores, chunks: points.length },
    names: new Map(books.map((book) => [bookIdOf(LIBRARY, book.path), book.id])),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function pointsOf(
  books: readonly CorpusBook[],
  embedder: Embedder,
  options: LibraryOptions,
): Promise<StoredPoint[]> {
  const { maxTokens, overlapTokens, tokenizerPath, cache, signal } = options;
  await using sandbox = new ProcessSandbox({ processes: 1, limits });
  const cut = async (book: CorpusBook): Promise<Chunk[]> => {
    const batches = sandbox.chunk(unitsOf(book), { maxTokens, overlapTokens }, tokenizerPath, { signal });
    return (await Array.fromAsync(batches)).flat();
  };
  const points: Omit<StoredPoint, 'vector'>[] = [];
  for (const book of books) for (const chunk of await cut(book)) points.push(passageOf(book, chunk));
  const vectors = await cachedVectors(
    embedder,
    points.map(({ text }) => text),
    cache,
    signal,
  );
  return points.map((point, at) => ({ ...point, vector: vectors[at] ?? new Float32Array() }));
}

async function* unitsOf({ units }: CorpusBook): AsyncGenerator<PageText> {
  yield* units;
}

function passageOf(book: CorpusBook, { ordinal, text, page, section }: Chunk): Omit<StoredPoint, 'vector'> {
  const bookId = bookIdOf(LIBRARY, book.path);
  return {
    ...{ id: chunkIdOf(bookId, REVISION, ordinal), bookId, revision: REVISION, library: LIBRARY, ordinal },
    ...{ text, page, section, title: book.title, author: null, language: 'en', year: null },
    ...{ format: 'pdf', path: book.path },
  };
}

function recordOf(book: CorpusBook, points: readonly StoredPoint[]): BookRecord {
  const bookId = bookIdOf(LIBRARY, book.path);
  return {
    ...{ bookId, library: LIBRARY, path: book.path, title: book.title, author: null, format: 'pdf' },
    ...{ state: 'ingested', revision: REVISION, sha256: null, bytes: 0, mtimeMs: 0, pipeline: '' },
    ...{ pages: book.units.length, chunks: points.filter((point) => point.bookId === bookId).length },
    ...{ artifacts: null, failure: null, workflowId: 'bench', updatedAtMs: 0 },
  };
}
