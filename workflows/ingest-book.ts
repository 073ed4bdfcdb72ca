/** One book: extract → chunk → embed → upsert → verify → commit → drop stale. It always tells its run how it ended. */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChunkActivities } from '../activities/chunk.ts';
import type { EmbedActivities } from '../activities/embed.ts';
import type { ExtractActivities, ExtractedBook } from '../activities/extract.ts';
import type { RunActivities } from '../activities/run.ts';
import type { StoreActivities } from '../activities/store.ts';
import type { BookFailure, BookOutcome, BookProgress, IngestBookInput } from './contract.ts';
import { causeOf } from './failure-cause.ts';
import { bookDoneSignal, bookProgressQuery } from './names.ts';
import { ARTIFACT_ROUNDS, policies, VERIFY_ROUNDS } from './policies.ts';
import { libraryKey, stageKey, stateKey } from './search-attributes.ts';

const { extractBook } = proxyActivities<ExtractActivities>(policies.extract);
const { chunkBook } = proxyActivities<ChunkActivities>(policies.chunk);
const { embedBook } = proxyActivities<EmbedActivities>(policies.embed);
const { upsertBook, dropRevision } = proxyActivities<StoreActivities>(policies.upsert);
const { verifyBook, commitBook, dropStale } = proxyActivities<StoreActivities>({
  ...policies.quick,
  taskQueue: policies.upsert.taskQueue,
});
const { recordOutcome } = proxyActivities<RunActivities>(policies.quick);

const bookProgress = defineQuery<BookProgress>(bookProgressQuery);

/** Chunks from which the stage is worth an event: it lasts for seconds at least. */
const LONG_EMBEDDING = 200;

type MutableProgress = { -readonly [K in keyof BookProgress]: BookProgress[K] };

export async function ingestBook(input: IngestBookInput): Promise<BookOutcome> {
  const progress: MutableProgress = {
    bookId: input.bookId,
    path: input.path,
    stage: 'extract',
    pages: null,
    chunks: null,
  };
  setHandler(bookProgress, () => ({ ...progress }));
  const outcome = await ingestOrSettle(input, progress);
  const attributes = { state: 'ingested', stage: 'commit' };
  if (!input.attributesLast) publish(attributes);
  await report(input, outcome);
  // With the end of the workflow they are one entry of Temporal's index; before it, they are one more.
  if (input.attributesLast) publish(attributes);
  return outcome;
}

/** A book that is not ingested is recorded and reported before its failure goes on. */
async function ingestOrSettle(input: IngestBookInput, progress: MutableProgress): Promise<BookOutcome> {
  try {
    return await ingest(input, progress);
  } catch (error) {
    const cancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
    const outcome = cancelled ? ({ outcome: 'cancelled' } as const) : failedOutcome(error, progress);
    publish({ state: outcome.outcome, stage: progress.stage });
    await CancellationScope.nonCancellable(() => settleUnfinished(input, outcome));
    throw cancelled ? new CancelledFailure(`${input.path} was cancelled`) : readable(error, progress);
  }
}

/** A damaged intermediate file is dropped by whoever finds it; the steps that made it are then done again. */
async function ingest(input: IngestBookInput, progress: MutableProgress): Promise<BookOutcome> {
  for (let round = 1; ; round++) {
    try {
      return await ingestOnce(input, progress);
    } catch (error) {
      if (failureOf(error, progress).code !== 'ARTIFACT_CORRUPT') throw error;
      if (round === ARTIFACT_ROUNDS) throw tried(error, progress, round);
    }
  }
}

async function ingestOnce(input: IngestBookInput, progress: MutableProgress): Promise<BookOutcome> {
  const { library, bookId, path } = input;
  const name = path.slice(path.lastIndexOf('/') + 1).slice(0, 120);
  progress.stage = 'extract';
  const book = await extractBook.executeWithOptions({ summary: `read ${name}` }, [{ library, bookId, path }]);
  Object.assign(progress, { stage: 'chunk', pages: book.pages });
  const cut = await chunkBook.executeWithOptions({ summary: `cut ${book.pages} pages` }, [
    { library, bookId, path, pagesKey: book.pagesKey },
  ]);
  Object.assign(progress, { stage: 'embed', chunks: cut.chunks });
  if (cut.chunks > LONG_EMBEDDING) publish({ state: 'running', stage: 'embed' });
  const { vectorsKey } = await embedBook.executeWithOptions({ summary: `embed ${cut.chunks} chunks` }, [
    { library, bookId, path, chunksKey: cut.chunksKey, ...(input.isNew && { isNew: true }) },
  ]);
  await writeAndVerify(
    { ...input, ...book, chunksKey: cut.chunksKey, vectorsKey, chunks: cut.chunks },
    progress,
  );
  const { pages, unreadable } = book;
  return { outcome: 'ingested', chunks: cut.chunks, pages, ...(unreadable && { unreadable }) };
}

/** The failure of a book that was made again from its source several times. */
function tried(error: unknown, progress: MutableProgress, rounds: number): ApplicationFailure {
  const { code, message } = failureOf(error, progress);
  return ApplicationFailure.nonRetryable(message, code, rounds);
}

type WrittenBook = IngestBookInput &
  ExtractedBook & { chunksKey: string; vectorsKey: string; chunks: number };

/** The store must hold exactly the chunks of the book before the catalog says so. */
async function writeAndVerify(book: WrittenBook, progress: MutableProgress): Promise<void> {
  const { library, bookId, revision, chunks } = book;
  for (let round = 1; ; round++) {
    progress.stage = 'upsert';
    await upsertBook.executeWithOptions({ summary: `store ${chunks} chunks` }, [book]);
    progress.stage = 'verify';
    const { points, stale, countedAtMs } = await verifyBook({ library, bookId, revision });
    if (points === chunks) {
      progress.stage = 'commit';
      try {
        // Once it is committed the book is ingested, whoever cancels it now.
        await CancellationScope.nonCancellable(async () => {
          await commitBook({ ...book, countedAtMs });
          if (stale > 0) await dropFormer({ library, bookId, revision });
        });
        return;
      } catch (error) {
        if (!isMiscount(error, round, progress)) throw error;
      }
    }
    if (round === VERIFY_ROUNDS) {
      throw ApplicationFailure.nonRetryable(
        `${book.path}: the store holds ${points} points of ${chunks} chunks after ${round} tries`,
        'COUNT_MISMATCH',
        round,
      );
    }
    await dropRevision({ library, bookId, revision });
  }
}

/** Of a book that is committed, whatever becomes of this: `verify` finds what is left. */
async function dropFormer(revision: { library: string; bookId: string; revision: string }): Promise<void> {
  try {
    await dropStale(revision);
  } catch (error) {
    if (!patched('committed-books-do-not-fail')) throw error;
    log.error('points of a former revision could not be dropped', { ...revision, error: String(error) });
  }
}

/** A commit that comes late counts once more, and may find that points went away meanwhile: they are written again. */
function isMiscount(error: unknown, round: number, progress: BookProgress): boolean {
  const miscounted = failureOf(error, progress).code === 'COUNT_MISMATCH' && round < VERIFY_ROUNDS;
  return miscounted && patched('miscounted-commits-are-written-again');
}

function failedOutcome(error: unknown, progress: BookProgress): BookOutcome {
  return { outcome: 'failed', failure: failureOf(error, progress) };
}

function failureOf(error: unknown, { path, stage }: BookProgress): BookFailure {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    const attempts = Number(cause.details?.[0] ?? 1);
    return { path, stage, code: cause.type ?? 'INTERNAL', message: cause.message, attempts };
  }
  return {
    path,
    stage,
    code: 'INTERNAL',
    message: cause instanceof Error ? cause.message : String(cause),
    attempts: 1,
  };
}

/** So that the failure of the workflow, as Temporal's UI shows it, is the one that users see. */
function readable(error: unknown, progress: BookProgress): ApplicationFailure {
  const { code, stage, message, attempts } = failureOf(error, progress);
  return ApplicationFailure.create({ type: code, message, nonRetryable: true, details: [attempts, stage] });
}

async function settleUnfinished(input: IngestBookInput, outcome: BookOutcome): Promise<void> {
  const { library, bookId, path, bytes, mtimeMs } = input;
  try {
    await recordOutcome({ library, bookId, path, bytes, ...(mtimeMs !== undefined && { mtimeMs }), outcome });
  } catch (error) {
    // The run must hear of the book all the same, and the book's own reason must not be lost.
    log.error('the outcome could not be recorded', { path, error: String(error) });
  }
  await report(input, outcome);
}

/** Only where the run has found that Temporal knows the attributes, and has set them from the start. */
function publish({ state, stage }: { state: string; stage: string }): void {
  if (workflowInfo().typedSearchAttributes.get(libraryKey) === undefined) return;
  upsertSearchAttributes([
    { key: stateKey, value: state },
    { key: stageKey, value: stage },
  ]);
}

async function report(input: IngestBookInput, outcome: BookOutcome): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(input.reportTo).signal(bookDoneSignal, { bookId: input.bookId, ...outcome }),
    );
  } catch (error) {
    // A run that is gone does not make the book's own outcome less true.
    log.warn('the run could not be told', { reportTo: input.reportTo, error: String(error) });
  }
}
