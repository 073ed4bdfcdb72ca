/** A library in a folder of its own, with a real store and real artifacts, and vectors that cost nothing. */
import { join } from 'node:path';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import type { StageLimits } from '../../activities/attempt.ts';
import { bookIdOf, hashOf } from '../../activities/naming.ts';
import {
  chunksKeyOf,
  fingerprintOf,
  type Pipeline,
  pagesKeyOf,
  revisionOf,
  vectorsKeyOf,
} from '../../activities/pipeline.ts';
import { pointsOf } from '../../activities/points.ts';
import type { ArtifactStore } from '../../activities/ports/artifact-store.ts';
import type { BookRecord, Catalog } from '../../activities/ports/catalog.ts';
import type { StoredPoint, VectorStore } from '../../activities/ports/vector-store.ts';
import type { RunningWorkflows } from '../../activities/running.ts';
import { DIMENSIONS, unitVector } from '../contract/store-fixtures.ts';
import { tempFolder } from './temp-folder.ts';

export const pipeline: Pipeline = {
  ...{ extractor: 'extractor 1', chunker: 'chunker 1', chunking: { maxTokens: 256, overlapTokens: 32 } },
  ...{ tokenizerPath: '', embedderId: 'model', dimensions: DIMENSIONS },
};

export interface SmallLibrary extends AsyncDisposable {
  readonly store: VectorStore;
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
  readonly limits: StageLimits;
  readonly running: RunningWorkflows;
  /** Workflow ids that `running` says are running. */
  readonly runningIds: Set<string>;
  /** A book of so many chunks, ingested: artifacts, points and record. */
  add(
    name: string,
    chunks: number,
    changes?: Partial<BookRecord>,
  ): Promise<BookRecord & { revision: string }>;
}

export async function smallLibrary(): Promise<SmallLibrary> {
  const folder = await tempFolder();
  const options = { folder: join(folder.path, 'store'), embedderId: 'model', dimensions: DIMENSIONS };
  const { store, catalog } = await openLanceStores(options);
  const artifacts = new FileArtifacts(join(folder.path, 'artifacts'));
  const runningIds = new Set<string>();
  await catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  return {
    ...{ store, catalog, artifacts, pipeline, runningIds, limits: { maxOutageMs: 1e9 } },
    running: {
      isRunning: (id) => Promise.resolve(runningIds.has(id)),
      idsOf: () => Promise.resolve([...runningIds]),
    },
    async add(name, chunks, changes = {}) {
      const book = bookOf(name, chunks, changes);
      await writeArtifacts(artifacts, book);
      const points: StoredPoint[] = await Array.fromAsync(pointsOf(artifacts, storedBook(book)));
      await store.upsert(points);
      await catalog.put({ ...book, ...changes });
      return { ...book, ...changes, revision: book.revision };
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await catalog[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Book = BookRecord & { readonly revision: string; readonly sha256: string };
type Keys = NonNullable<BookRecord['artifacts']>;

function bookOf(name: string, chunks: number, { library = 'default', sha256 }: Partial<BookRecord>): Book {
  const path = `/library/${name}.txt`;
  const content = sha256 ?? hashOf(name);
  return {
    ...{ bookId: bookIdOf(library, path), library, path, title: name, author: null, format: 'text' },
    ...{ state: 'ingested', revision: revisionOf(content, pipeline), sha256: content, bytes: 1_000 },
    ...{ mtimeMs: 1, pipeline: fingerprintOf(pipeline), pages: 2, chunks, artifacts: keysOf(content) },
    ...{ failure: null, workflowId: 'ingest', updatedAtMs: 1 },
  };
}

function keysOf(sha256: string): Keys {
  const pages = pagesKeyOf(sha256, pipeline);
  const chunks = chunksKeyOf(pages, pipeline);
  return { pages, chunks, vectors: vectorsKeyOf(chunks, pipeline) };
}

function storedBook({ sha256, ...book }: Book) {
  const { pages: pagesKey, chunks: chunksKey, vectors: vectorsKey } = keysOf(sha256);
  return {
    ...book,
    ...{ sha256, pagesKey, chunksKey, vectorsKey, title: book.title ?? '', format: 'text' },
    ...{ language: 'en', year: 1999 },
  };
}

async function writeArtifacts(artifacts: ArtifactStore, { sha256, chunks, path }: Book): Promise<void> {
  const keys = keysOf(sha256);
  const texts = Array.from({ length: chunks }, (_, ordinal) => ({
    ...{ ordinal, text: `Passage ${ordinal} of ${path}`, tokens: 5, page: null, section: [] },
  }));
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const page = (index: number) => json({ index, page: null, section: [], text: path });
  const meta = { format: 'text', title: null, author: null, language: 'en', year: 1999, paged: false };
  await write(artifacts, keys.pages, [page(0), page(1)], { ...meta, letters: 100 });
  await write(artifacts, keys.chunks, texts.map(json), {});
  const vectors = texts.map(({ text }) => Buffer.from(unitVector(text).buffer));
  await write(artifacts, keys.vectors, vectors, { dimensions: DIMENSIONS });
}

async function write(
  artifacts: ArtifactStore,
  key: string,
  records: readonly Buffer[],
  summary: object,
): Promise<void> {
  await using writer = await artifacts.create(key, 'a test', 'fresh');
  await writer.append(records);
  await writer.commit(summary);
}
