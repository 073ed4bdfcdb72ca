/** The client of Scriptorium: start ingestions, watch them, search and ask, from any program that reaches Temporal. */
import { createHash, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import {
  askInput,
  DEFAULT_LIBRARY,
  type IngestLibraryInput,
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
import { parse } from './checked-input.ts';
import { type ConnectOptions, connectTemporal } from './connection.ts';
import { fromWorkflow } from './failures.ts';
import { IngestHandle, type ProgressListener } from './ingest-handle.ts';
import * as upkeep from './upkeep.ts';

export { type ErrorCode, errorRegistry, ScriptoriumError } from '../activities/errors.ts';
export type { BookCounts, BookFailure, IngestLibraryResult } from '../workflows/contract.ts';
export type { Answer, BookSummary, Citation, SearchHit, SearchResult } from '../workflows/result-contract.ts';
export type { BookFault, GarbageResult, RemovedBook, VerifyResult } from '../workflows/upkeep-contract.ts';
export type { ConnectOptions } from './connection.ts';
export {
  type BookInFlight,
  IngestHandle,
  type IngestProgress,
  type ProgressListener,
} from './ingest-handle.ts';
export type { Explanation, SubjectOptions } from './upkeep.ts';

export interface IngestOptions {
  /** Library that the books belong to. Default `default`. */
  readonly library?: string;
  /** Books at once, 1 to 500. Default 5. */
  readonly parallel?: number;
  /** Called about once a second until the run is over. */
  readonly onProgress?: ProgressListener;
}

export interface QueryOptions {
  /** Default: all libraries. */
  readonly library?: string;
  /** Hits, or passages for the answer, 1 to 100. Default 10. */
  readonly topK?: number;
}

export interface BooksOptions {
  /** Default: all libraries. */
  readonly library?: string;
  readonly state?: BookSummary['state'];
}

/** A question that no worker takes up fails after this long, instead of hanging. */
const QUESTION_TIMEOUT = '4 minutes';
const LISTING_TIMEOUT = '1 minute';

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

  private constructor(client: Client) {
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
   * Starts a durable run over files and folders, and resolves as soon as it is started. A run with the same paths
   * that is going on is joined instead.
   * @throws ScriptoriumError INVALID_ARGUMENT, RUN_IN_PROGRESS, STACK_UNREACHABLE
   */
  async ingest(
    paths: readonly string[],
    { onProgress, library, parallel }: IngestOptions = {},
  ): Promise<IngestHandle> {
    const input = parse(ingestLibraryInput, { paths: paths.map((path) => resolve(path)), library, parallel });
    await this.#startOrJoin(input);
    const handle = new IngestHandle(this.#client, ingestLibraryId(input.library));
    if (onProgress) handle.onProgress(onProgress);
    return handle;
  }

  /** The latest run over a library, whether it is going on or over. */
  run(library: string = DEFAULT_LIBRARY): IngestHandle {
    return new IngestHandle(this.#client, ingestLibraryId(library));
  }

  /** Workflow ids of the runs that are going on. */
  async runningIds(): Promise<string[]> {
    const ids: string[] = [];
    const query = `WorkflowType = '${workflowTypes.ingestLibrary}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of this.#client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  }

  /**
   * Answers a question from the books, with citations.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, MODEL_MISMATCH, ANSWER_MODEL_*, STACK_UNREACHABLE
   */
  async ask(question: string, options: QueryOptions = {}): Promise<Answer> {
    return await this.#execute<Answer>(
      workflowTypes.answerQuestion,
      parse(askInput, { question, ...options }),
      QUESTION_TIMEOUT,
    );
  }

  /**
   * The passages nearest to a text, best first.
   * @throws ScriptoriumError INVALID_ARGUMENT, LIBRARY_NOT_FOUND, MODEL_MISMATCH, STACK_UNREACHABLE
   */
  async search(query: string, options: QueryOptions = {}): Promise<SearchResult> {
    return await this.#execute<SearchResult>(
      workflowTypes.searchLibrary,
      parse(searchInput, { query, ...options }),
      QUESTION_TIMEOUT,
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
  async remove(book: string, options: upkeep.SubjectOptions = {}): Promise<RemovedBook> {
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

  async close(): Promise<void> {
    await this.#client.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #startOrJoin(input: z.output<typeof ingestLibraryInput>): Promise<void> {
    const { library, paths = [], parallel } = input;
    const args: [IngestLibraryInput] = [{ library, paths, parallel }];
    const workflowId = ingestLibraryId(library);
    const memo = { paths: fingerprintOf(paths) };
    try {
      const staticSummary = `library ${library}`;
      await this.#client.workflow.start(workflowTypes.ingestLibrary, {
        taskQueue: taskQueues.main,
        workflowId,
        args,
        memo,
        staticSummary,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw fromWorkflow(error);
      const running = await this.#client.workflow.getHandle(workflowId).describe();
      if (running.memo?.paths !== memo.paths) {
        throw new ScriptoriumError(
          'RUN_IN_PROGRESS',
          `Library ${library} is being ingested by ${workflowId}, from other paths`,
        );
      }
    }
  }

  async #execute<T>(type: string, input: object, timeout: '4 minutes' | '1 minute'): Promise<T> {
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

function fingerprintOf(paths: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([...paths].sort()))
    .digest('hex');
}
