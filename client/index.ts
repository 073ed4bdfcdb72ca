/** The client of Scriptorium: start ingestions, watch them, search and ask, from any program that reaches Temporal. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import {
  CACHES_WORKFLOW,
  type CachesInput,
  type CachesReport,
  cachesInput,
} from '../workflows/cache-contract.ts';
import {
  askInput,
  DEFAULT_LIBRARY,
  ingestLibraryId,
  ingestLibraryInput,
  listBooksInput,
  searchInput,
  taskQueues,
  workflowTypes,
} from '../workflows/contract.ts';
import type { Answer, BookPage, BookSummary, SearchResult } from '../workflows/result-contract.ts';
import type {
  GarbageInput,
  GarbageResult,
  RemovedBook,
  VerifyInput,
  VerifyResult,
} from '../workflows/upkeep-contract.ts';
import { absolutePaths } from './absolute-paths.ts';
import { type AnswerEvent, answerEvents } from './answer-events.ts';
import { ask } from './ask.ts';
import { parse } from './checked-input.ts';
import { type ConnectOptions, connectTemporal } from './connection.ts';
import { fromWorkflow } from './failures.ts';
import { inTime } from './in-time.ts';
import { IngestHandle, type ProgressListener } from './ingest-handle.ts';
import type { AskOptions, BooksOptions, IngestOptions, RetryOptions, SearchOptions } from './options.ts';
import { type QueueWithoutWorkers, queuesWithoutWorkers } from './pollers.ts';
import * as schedules from './schedules.ts';
import { startOrJoin } from './start-run.ts';
import * as upkeep from './upkeep.ts';

export { type ErrorCode, errorRegistry, ScriptoriumError } from '../activities/errors.ts';
export type { CacheReport, CachesReport } from '../workflows/cache-contract.ts';
export type { BookCounts, BookFailure, IngestLibraryResult } from '../workflows/contract.ts';
export type { SearchFilters, SearchMode } from '../workflows/filter-contract.ts';
export type {
  Answer,
  BookSummary,
  Citation,
  PageRange,
  SearchHit,
  SearchResult,
} from '../workflows/result-contract.ts';
export type { RunState, Steered } from '../workflows/run-contract.ts';
export type { BookFault, GarbageResult, RemovedBook, VerifyResult } from '../workflows/upkeep-contract.ts';
export type { AnswerEvent } from './answer-events.ts';
export type { AnswerOptions, TextListener } from './ask.ts';
export type { ConnectOptions } from './connection.ts';
export {
  type BookInFlight,
  IngestHandle,
  type IngestProgress,
  type IngestResult,
  type ProgressListener,
  type ResultOptions,
} from './ingest-handle.ts';
export type * from './options.ts';
export type { QueueWithoutWorkers } from './pollers.ts';
export type { LibrarySchedule, ScheduleOptions } from './schedules.ts';
export type { Explanation, RemoveOptions, SubjectOptions } from './upkeep.ts';

/** A question that no worker takes up fails after this long, instead of hanging. */
const QUESTION_TIMEOUT = '4 minutes';
/** Longer than its stages may take (`queryPolicy`), so that their reason is heard. */
const LISTING_TIMEOUT = '90 seconds';

/**
 * @example
 * const client = await ScriptoriumClient.connect();
 * const run = await client.ingest(['/books'], { onProgress: (p) => console.error(p.books) });
 * console.log(await run.result());
 * console.log((await client.ask('Who kept the lamp?')).answer);
 * await client.close();
 */
export class ScriptoriumClient implements AsyncDisposable {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Connects to the given address, to TEMPORAL_ADDRESS (with the standard TEMPORAL_* variables for mTLS and API
   * keys), or to the local stack.
   * @throws ScriptoriumError STACK_UNREACHABLE
   */
  static async connect(options: ConnectOptions = {}): Promise<ScriptoriumClient> {
    return new ScriptoriumClient(await connectTemporal(options));
  }

  /**
   * Starts a durable run over files and folders, and resolves as soon as it is started. A run that does the same
   * and is going on is joined instead.
   * @throws ScriptoriumError INVALID_ARGUMENT, RUN_IN_PROGRESS, STACK_UNREACHABLE
   */
  async ingest(
    paths: readonly string[],
    { onProgress, ...options }: IngestOptions = {},
  ): Promise<IngestHandle> {
    const input = parse(ingestLibraryInput, { paths: absolutePaths(paths), ...options });
    return listening(await startOrJoin(this.#client, input), onProgress);
  }

  /**
   * Starts a run over the books of a library that failed; where one is going on, see `IngestHandle.retryFailed`.
   * @throws ScriptoriumError INVALID_ARGUMENT, RUN_IN_PROGRESS, STACK_UNREACHABLE
   */
  async retry({ all = false, onProgress, ...options }: RetryOptions = {}): Promise<IngestHandle> {
    const input = parse(ingestLibraryInput, { retry: all ? 'all' : 'failed', ...options });
    return listening(await startOrJoin(this.#client, input), onProgress);
  }

  /** The latest run over a library, whether it is going on or over. */
  run(library: string = DEFAULT_LIBRARY): IngestHandle {
    return new IngestHandle(this.#client, ingestLibraryId(library));
  }

  /** Workflow ids of the runs that are going on. */
  async runningIds(): Promise<string[]> {
    const ids: string[] = [];
    const query = `WorkflowType = '${workflowTypes.ingestLibrary}' AND ExecutionStatus = 'Running'`;
    // Schedules start workflows under ids of their own, which start these runs and wait for them.
    for await (const { workflowId } of this.#client.workflow.list({ query }))
      if (workflowId.startsWith(ingestLibraryId(''))) ids.push(workflowId);
    return ids;
  }

  /**
   * The queues of ingestion that no worker polls now: runs wait until one does.
   * @throws ScriptoriumError STACK_UNREACHABLE
   */
  async queuesWithoutWorkers(): Promise<QueueWithoutWorkers[]> {
    return await queuesWithoutWorkers(this.#client);
  }

  /**
   * Ingests paths again and again, by a schedule that Temporal keeps; replaces the library's schedule if it has one.
   * @throws ScriptoriumError INVALID_ARGUMENT, STACK_UNREACHABLE
   */
  async addSchedule(
    paths: readonly string[],
    options: schedules.ScheduleOptions = {},
  ): Promise<schedules.LibrarySchedule> {
    return await schedules.addSchedule(this.#client, paths, options);
  }

  /** @throws ScriptoriumError STACK_UNREACHABLE */
  async schedules(): Promise<schedules.LibrarySchedule[]> {
    return await schedules.listSchedules(this.#client);
  }

  /**
   * Runs that were started by it go on.
   * @returns false when the library had no schedule
   * @throws ScriptoriumError STACK_UNREACHABLE
   */
  async removeSchedule(library: string = DEFAULT_LIBRARY): Promise<boolean> {
    return await schedules.removeSchedule(this.#client, library);
  }

  /**
   * Answers a question from the books, with citations. A model that fails, or is too slow, is replaced by quotes: see
   * `mode` and `fallback` of the answer.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, LIBRARY_EMPTY, MODEL_MISMATCH, QUESTION_TIMEOUT, STACK_UNREACHABLE
   */
  async ask(question: string, { onText, signal, ...options }: AskOptions = {}): Promise<Answer> {
    return await ask(this.#client, parse(askInput, { question, ...options }), { onText, signal });
  }

  /**
   * As `ask`, one event after the other: the text as it is written, and at the end the answer. Whoever leaves the loop
   * gives up waiting.
   * @example
   * for await (const event of client.askStream('Who kept the lamp?'))
   *   if (event.kind === 'answer') console.log(event.answer.citations);
   */
  askStream(question: string, options: Omit<AskOptions, 'onText'> = {}): AsyncGenerator<AnswerEvent, void> {
    return answerEvents((told) => this.ask(question, { ...options, ...told }), options.signal);
  }

  /**
   * The passages that say most about a text, by meaning and by words, best first.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, LIBRARY_EMPTY, MODEL_MISMATCH, QUESTION_TIMEOUT, STACK_UNREACHABLE;
   * the reason of the signal
   */
  async search(query: string, { signal, deadlineMs, ...options }: SearchOptions = {}): Promise<SearchResult> {
    const input = parse(searchInput, { query, ...options });
    return await inTime({ signal, deadlineMs }, () =>
      this.#execute<SearchResult>(workflowTypes.searchLibrary, input, QUESTION_TIMEOUT),
    );
  }

  /** The catalog, page by page, in the order of book ids. */
  async *eachBook(options: BooksOptions = {}): AsyncGenerator<BookSummary> {
    for (let after: string | undefined; ; ) {
      const input = parse(listBooksInput, { ...options, after });
      const { books, next } = await this.#execute<BookPage>(workflowTypes.listBooks, input, LISTING_TIMEOUT);
      yield* books;
      if (next === null) return;
      after = next;
    }
  }

  /** The whole catalog, or a part of it. */
  async books(options: BooksOptions = {}): Promise<BookSummary[]> {
    const books: BookSummary[] = [];
    for await (const book of this.eachBook(options)) books.push(book);
    return books;
  }

  /** The books whose last ingestion failed, each with its reason. */
  async failures(options: Omit<BooksOptions, 'state'> = {}): Promise<BookSummary[]> {
    return await this.books({ ...options, state: 'failed' });
  }

  /** Takes a book, named by id or path, out of its library; see `client/upkeep.ts` for these four. */
  async remove(book: string, options: upkeep.RemoveOptions = {}): Promise<RemovedBook> {
    return await upkeep.remove(this.#client, book, options);
  }

  /** Holds catalog, intermediate files and store against each other; mends the store with `repair`. */
  async verify(options: VerifyInput = {}): Promise<VerifyResult> {
    return await upkeep.verify(this.#client, options);
  }

  /** Drops intermediate files that no committed book needs. */
  async collectGarbage(options: GarbageInput = {}): Promise<GarbageResult> {
    return await upkeep.collectGarbage(this.#client, options);
  }

  /** Where a book (id or path), a chunk (id) or a run (`ingest/LIBRARY`) came from. */
  async explain(id: string, options: upkeep.SubjectOptions = {}): Promise<upkeep.Explanation> {
    return await upkeep.explain(this.#client, id, options);
  }

  /**
   * What the caches of questions hold, told by one worker.
   * @param options with `clear`, every answer is forgotten, in all workers
   * @throws ScriptoriumError STORE_UNREACHABLE, STACK_UNREACHABLE
   */
  async caches(options: CachesInput = {}): Promise<CachesReport> {
    return await this.#execute<CachesReport>(CACHES_WORKFLOW, parse(cachesInput, options), LISTING_TIMEOUT);
  }

  async close(): Promise<void> {
    await this.#client.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #execute<T>(type: string, input: object, timeout: '4 minutes' | '90 seconds'): Promise<T> {
    try {
      return await this.#client.workflow.execute<(input: object) => Promise<T>>(type, {
        taskQueue: taskQueues.query,
        workflowId: `${type}/${randomUUID()}`,
        args: [input],
        workflowExecutionTimeout: timeout,
      });
    } catch (error) {
      throw fromWorkflow(error);
    }
  }
}

function listening(run: IngestHandle, onProgress: ProgressListener | undefined): IngestHandle {
  if (onProgress) run.onProgress(onProgress);
  return run;
}
