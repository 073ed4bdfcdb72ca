/** Chunks and vectors → vector store and catalog. */
import { Context } from '@temporalio/activity';
import { openArtifact, parseChunk } from './chunk.ts';
import { parseVector } from './embed.ts';
import { ScriptoriumError } from './errors.ts';
import type { ExtractedBook } from './extract.ts';
import { chunkIdOf } from './naming.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { Catalog } from './ports/catalog.ts';
import type { StoredPoint, VectorStore } from './ports/vector-store.ts';
import { ingestStage } from './stage.ts';

export interface StorePorts {
  readonly store: VectorStore;
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
}

export interface StoredBook extends ExtractedBook {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
  readonly chunksKey: string;
  readonly vectorsKey: string;
  readonly chunks: number;
}

export interface RevisionInput {
  readonly bookId: string;
  readonly revision: string;
}

export interface VerifiedBook {
  /** Points of the revision that the store holds. */
  readonly points: number;
  /** Points of the book that are of other revisions. */
  readonly stale: number;
}

export type StoreActivities = ReturnType<typeof createStoreActivities>;

export function createStoreActivities(ports: StorePorts) {
  const { store, catalog } = ports;
  return {
    upsertBook: ingestStage(async (book: StoredBook, context): Promise<{ points: number }> => {
      let points = 0;
      for await (const batch of batchesOf(pointsOf(ports.artifacts, book), store.maxPointsPerWrite)) {
        context.signal.throwIfAborted();
        await store.upsert(batch);
        points += batch.length;
        context.progress(points, book.chunks);
      }
      return { points };
    }),
    verifyBook: ingestStage(async ({ bookId, revision }: RevisionInput): Promise<VerifiedBook> => {
      const points = await store.count(bookId, revision);
      return { points, stale: (await store.count(bookId)) - points };
    }),
    commitBook: ingestStage(async (book: StoredBook): Promise<void> => {
      const {
        bookId,
        library,
        path,
        title,
        author,
        format,
        revision,
        sha256,
        bytes,
        mtimeMs,
        pipeline,
        pages,
        chunks,
      } = book;
      const artifacts = { pages: book.pagesKey, chunks: book.chunksKey, vectors: book.vectorsKey };
      const workflowId = Context.current().info.workflowExecution?.workflowId ?? '';
      await catalog.put({
        ...{
          bookId,
          library,
          path,
          title,
          author,
          format,
          revision,
          sha256,
          bytes,
          mtimeMs,
          pipeline,
          pages,
          chunks,
        },
        ...{ artifacts, state: 'ingested', failure: null, workflowId, updatedAtMs: Date.now() },
      });
    }),
    dropStale: ingestStage(async ({ bookId, revision }: RevisionInput): Promise<{ dropped: number }> => {
      return { dropped: await store.deleteStale(bookId, revision) };
    }),
    dropRevision: ingestStage(async ({ bookId, revision }: RevisionInput): Promise<void> => {
      await store.delete(bookId, revision);
    }),
  };
}

/** Chunks and their vectors side by side. */
export async function* pointsOf(artifacts: ArtifactStore, book: StoredBook): AsyncGenerator<StoredPoint> {
  await using chunks = await openArtifact(artifacts, book.chunksKey);
  await using vectors = await openArtifact(artifacts, book.vectorsKey);
  if (chunks.records !== vectors.records) {
    await artifacts.remove(book.vectorsKey);
    throw new ScriptoriumError(
      'ARTIFACT_CORRUPT',
      `${book.path} has ${chunks.records} chunks and ${vectors.records} vectors`,
    );
  }
  const vectorRecords = vectors.read()[Symbol.asyncIterator]();
  for await (const record of chunks.read()) {
    const { ordinal, text, page, section } = parseChunk(record);
    const vector = await vectorRecords.next();
    if (vector.done)
      throw new ScriptoriumError('ARTIFACT_CORRUPT', `${book.path} lacks the vector of chunk ${ordinal}`);
    const { bookId, library, path, revision, title, author, language, year, format } = book;
    const id = chunkIdOf(bookId, revision, ordinal);
    yield {
      ...{
        id,
        bookId,
        revision,
        library,
        ordinal,
        text,
        title,
        author,
        language,
        year,
        format,
        path,
        page,
        section,
      },
      vector: parseVector(vector.value),
    };
  }
}

export async function* batchesOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
