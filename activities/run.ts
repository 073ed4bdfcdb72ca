/** What a run needs to know of books that did not end well. */
import { setTimeout as delay } from 'node:timers/promises';
import { Context, log } from '@temporalio/activity';
import {
  ApplicationFailure,
  type Client,
  TerminatedFailure,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type BookOutcome, type BookReport, ingestBookId, workflowTypes } from '../workflows/contract.ts';
import { atOnce } from './at-once.ts';
import type { StageLimits } from './attempt.ts';
import { errorRegistry } from './errors.ts';
import { attemptFingerprintOf, isOfContent } from './failed-before.ts';
import type { Pipeline } from './pipeline.ts';
import type { Catalog } from './ports/catalog.ts';
import type { SandboxLimits } from './ports/documents.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { cancelledRecord, failedRecord, stageOf } from './records.ts';
import { ingestStage, isOutage } from './stage.ts';
import { clip } from './text/clip.ts';

export interface RunPorts {
  readonly limits: StageLimits;
  readonly catalog: Catalog;
  readonly store: VectorStore;
  readonly client: Client;
  readonly pipeline: Pipeline;
  readonly sandboxLimits: SandboxLimits;
}

export interface OutcomeInput {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
  readonly bytes: number;
  /** As the scan found it; absent in runs of version 0.1. */
  readonly mtimeMs?: number | undefined;
  readonly outcome: BookOutcome;
}

export interface InspectInput {
  readonly library: string;
  readonly books: readonly NamedBook[];
  /** The run is being cancelled: a book that was never started is then no lost one. */
  readonly cancelling?: boolean | undefined;
}

interface NamedBook {
  readonly bookId: string;
  readonly path: string;
}

export type RunActivities = ReturnType<typeof createRunActivities>;

export function createRunActivities(ports: RunPorts) {
  return {
    /** Writes a failed or cancelled book into the catalog, and takes what it left half-written out of the store. */
    recordOutcome: ingestStage(
      async (input: OutcomeInput): Promise<void> => record(ports, input, workflowIdOf()),
      ports.limits,
    ),
    /** As an operator would cancel it. */
    cancelWorkflow: ingestStage(async ({ workflowId }: { readonly workflowId: string }): Promise<void> => {
      await ports.client.workflow.getHandle(workflowId).cancel();
    }, ports.limits),
    /** The books among these whose workflow is over; what became of each. Books that are still at work are left out. */
    inspectChildren: ingestStage(async (input: InspectInput): Promise<BookReport[]> => {
      const reports: BookReport[] = [];
      await atOnce(LOOKS_AT_ONCE, input.books, async (book) => {
        const outcome = await outcomeOf(ports, input, book).catch((error: unknown) => {
          // One book that can't be looked at must not hide the others; it is looked at again.
          log.warn('the book could not be looked at', { path: book.path, error: String(error) });
          return null;
        });
        if (outcome) reports.push({ bookId: book.bookId, ...outcome });
      });
      return reports;
    }, ports.limits),
  };
}

async function record(ports: RunPorts, input: OutcomeInput, workflowId: string): Promise<void> {
  const { catalog, store } = ports;
  const { outcome, ...book } = input;
  if (outcome.outcome === 'ingested') return;
  if (outcome.outcome === 'cancelled') await endOlder(ports, input);
  // Only now: what the older one was committing is committed.
  const before = (await catalog.get([book.bookId])).get(book.bookId);
  if (outcome.outcome === 'cancelled') {
    await catalog.put(cancelledRecord(book, before, workflowId));
  } else {
    const { path: _, ...failure } = outcome.failure;
    // Without the time of the file, the failure could not be told from one of another content.
    const known = isOfContent(failure.code) && input.mtimeMs !== undefined;
    const fingerprint = known ? attemptFingerprintOf(ports.pipeline, ports.sandboxLimits) : undefined;
    await catalog.put(failedRecord(book, { ...failure, fingerprint }, before, workflowId));
  }
  await store.deleteStale(book.bookId, before?.revision ?? 'none');
}

/** A book that waits in one run may still be at work for another one, which was terminated: it would be committed after all. */
async function endOlder({ client }: RunPorts, { library, bookId }: OutcomeInput): Promise<void> {
  const workflowId = ingestBookId(library, bookId);
  if (Context.current().info.workflowExecution?.workflowId === workflowId) return;
  const handle = client.workflow.getHandle(workflowId);
  try {
    await handle.cancel();
    // Its commit can't be interrupted: what is dropped before it would be counted as there.
    for (const until = performance.now() + ENDING_MS; performance.now() < until; await delay(LOOK_EVERY_MS))
      if ((await handle.describe()).closeTime) return;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Longest wait for it. A worker that is gone commits nothing. */
const ENDING_MS = 15_000;
const LOOK_EVERY_MS = 200;

/** A run asks about 500 books at most, within a minute: one after the other, a server that takes long would not be done. */
const LOOKS_AT_ONCE = 20;
const RUNNING: ReadonlySet<string> = new Set(['RUNNING', 'PAUSED', 'CONTINUED_AS_NEW']);
/** What a terminated book's activity may still write: it hears of its end with the next heartbeat. */
const SETTLING_MS = 20_000;
const MAX_REASON = 200;

/** What the operator gave as the reason of a termination, where one did. */
async function reasonOf(handle: WorkflowHandle): Promise<string> {
  const error: unknown = await handle.result().catch((failure: unknown) => failure);
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  return cause instanceof TerminatedFailure && cause.message ? ` (${clip(cause.message, MAX_REASON)})` : '';
}

/** Null for a book that is at work, or that ended so lately that its last activity may still be. */
async function outcomeOf(
  ports: RunPorts,
  { library, cancelling = false }: InspectInput,
  book: NamedBook,
): Promise<BookOutcome | null> {
  const handle = ports.client.workflow.getHandle(ingestBookId(library, book.bookId));
  try {
    const { status, type, closeTime } = await handle.describe();
    if (RUNNING.has(status.name)) return null;
    // A removal has the id of the book's ingestion, so that the two can't be at work at once.
    if (type !== workflowTypes.ingestBook) return { outcome: 'cancelled', removed: true };
    if (status.name === 'CANCELLED') return { outcome: 'cancelled' };
    if (status.name === 'COMPLETED') return await handle.result();
    if (status.name === 'FAILED')
      return { outcome: 'failed', failure: await failureOf(handle.result(), book.path) };
    if (closeTime && Date.now() - closeTime.getTime() < SETTLING_MS) return null;
    const ended = status.name.toLowerCase().replaceAll('_', ' ');
    return await lost(ports, library, book, `its workflow ended as ${ended}${await reasonOf(handle)}`);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (cancelling) return { outcome: 'cancelled' };
    return await lost(ports, library, book, 'its workflow was never started or is gone');
  }
}

async function failureOf(result: Promise<unknown>, path: string) {
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const cause = error instanceof WorkflowFailedError ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) {
    return { path, stage: 'extract', code: 'INTERNAL', message: String(cause), attempts: 1 } as const;
  }
  const [attempts, stage] = cause.details ?? [];
  return {
    path,
    stage: stageOf(stage),
    code: cause.type ?? 'INTERNAL',
    message: cause.message,
    attempts: Number(attempts ?? 1),
  };
}

/** A child that can't speak for itself any more: its record is written for it. */
async function lost(ports: RunPorts, library: string, book: NamedBook, why: string): Promise<BookOutcome> {
  const message = `${book.path}: ${why}. ${errorRegistry.CHILD_LOST.remedy}`;
  const failure = { path: book.path, stage: 'extract', code: 'CHILD_LOST', message, attempts: 1 } as const;
  const outcome: BookOutcome = { outcome: 'failed', failure };
  try {
    await record(ports, { library, ...book, bytes: 0, outcome }, ingestBookId(library, book.bookId));
  } catch (error) {
    if (isOutage(error)) throw error;
    // The run must hear of it all the same, or it would never end.
    log.error('a lost book could not be recorded', { path: book.path, error: String(error) });
  }
  return outcome;
}

function workflowIdOf(): string {
  return Context.current().info.workflowExecution?.workflowId ?? '';
}
