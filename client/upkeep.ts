/** Looking after a library: remove, verify, drop what nobody needs, and say where something came from. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { ScriptoriumError, toScriptoriumError } from '../activities/errors.ts';
import { ingestBookId, ingestLibraryId, taskQueues } from '../workflows/contract.ts';
import {
  type Explained,
  explainInput,
  GARBAGE_ID,
  type GarbageInput,
  type GarbageResult,
  garbageInput,
  type RemovedBook,
  upkeepWorkflows,
  type VerifyInput,
  type VerifyResult,
  verifyId,
  verifyInput,
} from '../workflows/upkeep-contract.ts';
import { parse } from './checked-input.ts';
import { fromWorkflow } from './failures.ts';
import { type BookHistory, bookHistory, type RunHistory, runHistory } from './history.ts';
import { withinTime } from './in-time.ts';
import { isRunning } from './is-running.ts';
import { RunChain } from './run-chain.ts';
import { steer } from './steering.ts';

/** What is known of a book, chunk or run; `history` is null where Temporal has none any more. */
export type Explanation =
  | (Exclude<Explained, { kind: 'run' }> & { readonly history: BookHistory | null })
  | (Extract<Explained, { kind: 'run' }> & { readonly history: RunHistory | null });

export interface SubjectOptions {
  /** Library of a book that is named by its path. Default `default`. */
  readonly library?: string;
}

/** Longer than its stages may take, so that their reason is heard. */
const EXPLAIN_TIMEOUT = '90 seconds';

export interface RemoveOptions extends SubjectOptions {
  /** Longest wait, in milliseconds; the removal itself goes on. Default: until it is done, whenever a worker does it. */
  readonly deadlineMs?: number;
}

/**
 * Takes a book out of its library: no search gives anything of it any more. Its source stays, and its intermediate
 * files until the next `collectGarbage`. A run in which it waits passes it over, as cancelled.
 * @param book id or path
 * @throws ScriptoriumError BOOK_NOT_FOUND, RUN_IN_PROGRESS while the book is being ingested, STACK_UNREACHABLE
 */
export async function remove(client: Client, book: string, options: RemoveOptions): Promise<RemovedBook> {
  const found = await lookUp(client, book, options);
  if (found.kind !== 'book') {
    const what = found.kind === 'chunk' ? 'a chunk' : 'a library';
    throw new ScriptoriumError('BOOK_NOT_FOUND', `${book} is ${what}, not a book`);
  }
  const { library, bookId } = found.book;
  const workflowId = ingestBookId(library, bookId);
  const inProgress = new ScriptoriumError(
    'RUN_IN_PROGRESS',
    `${found.book.path} is being ingested, or removed`,
  );
  try {
    if (await isRunning(client.workflow.getHandle(workflowId))) throw inProgress;
    await takeFromRun(client, library, bookId);
    const removal = await client.workflow.start<(input: object) => Promise<RemovedBook>>(
      upkeepWorkflows.removeBook,
      { taskQueue: taskQueues.main, workflowId, args: [{ library, bookId }] },
    );
    return await withinTime(options.deadlineMs, undefined, () => removal.result());
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw inProgress;
    if (error instanceof ScriptoriumError && error.code === 'QUESTION_TIMEOUT') {
      const message = `No worker has removed ${found.book.path} yet; it is done as soon as there is one`;
      throw new ScriptoriumError('STACK_UNREACHABLE', message, { cause: error });
    }
    if (error instanceof ScriptoriumError) throw error;
    throw fromWorkflow(error);
  }
}

/** A run that goes on has it in its list from the beginning, and would take it in hours after it was removed. */
async function takeFromRun(client: Client, library: string, bookId: string): Promise<void> {
  const chain = new RunChain(client, ingestLibraryId(library));
  try {
    await steer(client, chain, 'cancelBooks', { books: [bookId] });
  } catch (error) {
    const { code, message } = toScriptoriumError(error);
    // There is no run, or the book does not wait in it.
    if (code === 'NO_RUN' || code === 'INVALID_ARGUMENT') return;
    if (code !== 'RUN_NOT_READY') throw error;
    throw new ScriptoriumError('RUN_IN_PROGRESS', `${chain.workflowId} is at work: ${message}`);
  }
}

/** @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, MODEL_MISMATCH, RUN_IN_PROGRESS, STACK_UNREACHABLE */
export async function verify(client: Client, options: VerifyInput): Promise<VerifyResult> {
  const input = parse(verifyInput, options);
  return await executeOrJoin(client, upkeepWorkflows.verifyLibrary, verifyId(input.library), input);
}

/** @throws ScriptoriumError INVALID_ARGUMENT, RUN_IN_PROGRESS while anything is being ingested, STACK_UNREACHABLE */
export async function collectGarbage(client: Client, options: GarbageInput): Promise<GarbageResult> {
  const input = parse(garbageInput, options);
  return await executeOrJoin(client, upkeepWorkflows.collectGarbage, GARBAGE_ID, input);
}

/** @throws ScriptoriumError BOOK_NOT_FOUND, INVALID_ARGUMENT, STACK_UNREACHABLE */
export async function explain(client: Client, id: string, options: SubjectOptions): Promise<Explanation> {
  const found = await lookUp(client, id, options);
  if (found.kind === 'run') return { ...found, history: await runHistory(client, found.workflowId) };
  const { book } = found;
  return { ...found, history: book && (await bookHistory(client, ingestBookId(book.library, book.bookId))) };
}

/** What catalog and store know of a book, chunk or run, without its history; throws as `explain`. */
export async function lookUp(client: Client, id: string, { library }: SubjectOptions): Promise<Explained> {
  const input = parse(explainInput, { id, path: resolve(id), ...(library && { library }) });
  try {
    return await client.workflow.execute<(input: object) => Promise<Explained>>(upkeepWorkflows.explain, {
      taskQueue: taskQueues.query,
      workflowId: `${upkeepWorkflows.explain}/${randomUUID()}`,
      args: [input],
      workflowExecutionTimeout: EXPLAIN_TIMEOUT,
    });
  } catch (error) {
    throw fromWorkflow(error);
  }
}

/** The same work with the same options that is going on is waited for; with other options it is refused. */
async function executeOrJoin<T>(client: Client, type: string, workflowId: string, input: object): Promise<T> {
  const memo = { options: JSON.stringify(input) };
  try {
    const handle = await startOrJoin(client, type, workflowId, input, memo);
    return await handle.result();
  } catch (error) {
    throw fromWorkflow(error);
  }
}

async function startOrJoin(
  client: Client,
  type: string,
  workflowId: string,
  input: object,
  memo: { readonly options: string },
): Promise<WorkflowHandle> {
  const start = { taskQueue: taskQueues.main, workflowId, args: [input], memo };
  try {
    return await client.workflow.start(type, start);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const handle = client.workflow.getHandle(workflowId);
    const going = await handle.describe();
    // It ended in this moment: what it looked at is older than what is asked for.
    if (going.closeTime) return await startOrJoin(client, type, workflowId, input, memo);
    if (going.memo?.options === memo.options) return handle;
    throw new ScriptoriumError('RUN_IN_PROGRESS', `${workflowId} is at work already, with other options`);
  }
}
