/** Chunks and vectors → vector store and catalog. */
import { Context } from '@temporalio/activity';
import { STALL_MS, type StageLimits } from './attempt.ts';
import { batchesOf } from './batches.ts';
import { ScriptoriumError } from './errors.ts';
import type { ExtractedBook } from './extract.ts';
import { requireWorkerModel } from './library-model.ts';
import { type Pipeline, vectorsKeyOf } from './pipeline.ts';
import { pointsOf, upsertBatch } from './points.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { ingestStage } from './stage.ts';

export interface StorePorts {
  readonly limits: StageLimits;
  readonly store: VectorStore;
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pick<Pipeline, 'embedderId'>;
}

export interface StoredBook extends ExtractedBook {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
  readonly chunksKey: string;
  readonly vectorsKey: string;
  readonly chunks: number;
  /** The catalog had no revision of it when it was found. */
  readonly isNew?: true;
  /** When its points were counted, in milliseconds since 1970; absent in runs of versions before 0.4. */
  readonly countedAtMs?: number;
}

export interface RevisionInput {
  /** Absent in histories of before it was told. */
  readonly library?: string;
  readonly bookId: string;
  readonly revision: string;
}

export interface VerifiedBook {
  /** Points of the revision that the store holds. */
  readonly points: number;
  /** Points of the book that are of other revisions. */
  readonly stale: number;
  /** When they were counted, in milliseconds since 1970. */
  readonly countedAtMs: number;
}

/**
 * A first attempt at a new book writes what nobody wrote before it, and soon: an attempt that is taken for lost, and replaced,
 * is silent for longer than this.
 */
const NEW_FOR_MS = 5_000;
/** A count is good for this long: nobody but the workflow of the book takes anything of it away, or waits until that has ended. */
const COUNT_GOOD_FOR_MS = 5_000;

export type StoreActivities = ReturnType<typeof createStoreActivities>;

export function createStoreActivities(ports: StorePorts) {
  const { store } = ports;
  // With another model a worker has other points before it.
  const requireModelOf = (library: string | undefined): Promise<void> =>
    requireWorkerModel(ports.catalog, library, ports.pipeline.embedderId);
  return {
    upsertBook: ingestStage(
      async (book: StoredBook, context): Promise<{ points: number }> => {
        await requireModelOf(book.library);
        requireOwnVectors(book, ports.pipeline);
        // What an earlier attempt wrote was acknowledged, and stays; the count at the end proves it.
        const from = Math.min(context.doneBefore, book.chunks);
        let points = from;
        const { attempt } = Context.current().info;
        const options = book.isNew && attempt === 1 ? { newUntilMs: Date.now() + NEW_FOR_MS } : {};
        for await (const batch of batchesOf(pointsOf(ports.artifacts, book, from), store.maxPointsPerWrite)) {
          context.signal.throwIfAborted();
          await upsertBatch(store, batch, options);
          points += batch.length;
          context.progress(points, book.chunks);
        }
        return { points };
      },
      { ...ports.limits, maxStallMs: STALL_MS },
    ),
    verifyBook: ingestStage(async ({ library, bookId, revision }: RevisionInput): Promise<VerifiedBook> => {
      await requireModelOf(library);
      const countedAtMs = Date.now();
      // Together: a store may answer both by one look.
      const [points, all] = await Promise.all([store.count(bookId, revision), store.count(bookId)]);
      return { points, stale: all - points, countedAtMs };
    }, ports.limits),
    commitBook: ingestStage((book: StoredBook) => commit(ports, book), ports.limits),
    dropStale: ingestStage(
      async ({ library, bookId, revision }: RevisionInput): Promise<{ dropped: number }> => {
        await requireModelOf(library);
        // An attempt that was frozen may wake when a later ingestion has long committed another one.
        const { revision: committed } = (await ports.catalog.get([bookId])).get(bookId) ?? {};
        if (committed !== revision) return { dropped: 0 };
        return { dropped: await store.deleteStale(bookId, revision) };
      },
      ports.limits,
    ),
    dropRevision: ingestStage(async ({ library, bookId, revision }: RevisionInput): Promise<void> => {
      await requireModelOf(library);
      await store.delete(bookId, revision);
    }, ports.limits),
  };
}

/**
 * Vectors of another worker's model may have as many numbers as ours, and no count would show them.
 * @throws ScriptoriumError MODEL_MISMATCH
 */
function requireOwnVectors(book: StoredBook, pipeline: StorePorts['pipeline']): void {
  if (book.vectorsKey === vectorsKeyOf(book.chunksKey, pipeline)) return;
  throw new ScriptoriumError(
    'MODEL_MISMATCH',
    `${book.path}: a worker of the queue embed has another model than this one, which has ${pipeline.embedderId}; ` +
      'give all workers the same',
  );
}

/** From here a search may return it, so points that were counted a while ago are counted once more. */
async function commit({ catalog, store, pipeline }: StorePorts, book: StoredBook): Promise<void> {
  const { bookId, revision, chunks, path, countedAtMs = 0 } = book;
  const age = Date.now() - countedAtMs;
  // Of another machine the clock may go ahead.
  const isFresh = age >= 0 && age < COUNT_GOOD_FOR_MS;
  if (!isFresh) await requireWorkerModel(catalog, book.library, pipeline.embedderId);
  const points = isFresh ? chunks : await store.count(bookId, revision);
  if (points !== chunks)
    throw new ScriptoriumError(
      'COUNT_MISMATCH',
      `${path}: the store held ${points} points of ${chunks} chunks when the book was to be committed`,
    );
  await catalog.put(committedRecord(book, Context.current().info.workflowExecution?.workflowId ?? ''));
}

function committedRecord(book: StoredBook, workflowId: string): BookRecord {
  const { bookId, library, path, title, author, format, revision } = book;
  const { sha256, bytes, mtimeMs, pipeline, pages, unreadable, chunks } = book;
  const artifacts = { pages: book.pagesKey, chunks: book.chunksKey, vectors: book.vectorsKey };
  return {
    ...{ bookId, library, path, title, author, format, revision },
    ...{ sha256, bytes, mtimeMs, pipeline, pages, ...(unreadable && { unreadable }), chunks },
    ...{ artifacts, state: 'ingested', failure: null, workflowId, updatedAtMs: Date.now() },
  };
}
