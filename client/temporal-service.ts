/** What the ways in ask for, by way of Temporal alone: for a process that holds neither store nor model nor intermediate files. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { ScriptoriumError } from '../activities/errors.ts';
import {
  type ChunksOfBook,
  type PageOfBook,
  READ_BOOK_WORKFLOW,
  readBookInput,
} from '../workflows/book-contract.ts';
import {
  type AskInput,
  askInput,
  listBooksInput,
  type SearchInput,
  searchInput,
  taskQueues,
  workflowTypes,
} from '../workflows/contract.ts';
import type { Answer, BookPage, SearchResult } from '../workflows/result-contract.ts';
import type { Steered } from '../workflows/run-contract.ts';
import type { RemovedBook } from '../workflows/upkeep-contract.ts';
import { type AskSettings, ask } from './ask.ts';
import { parse } from './checked-input.ts';
import { fromWorkflow } from './failures.ts';
import { type BookDetail, type BooksQuery, bookDetail } from './http/contract.ts';
import type { LibraryScope } from './http/principal.ts';
import type { Run, RunAction, Service } from './http/service.ts';
import { withinTime } from './in-time.ts';
import { ScriptoriumClient } from './index.ts';
import { addJob, assertRoom, type JobOptions, job, type LibraryJob } from './jobs.ts';
import { queuesWithoutWorkers } from './pollers.ts';
import { runOf, runsNow, steerRun } from './run-service.ts';
import type { Part } from './stack-state.ts';
import { titledBooks } from './titled-books.ts';
import * as upkeep from './upkeep.ts';

/** Longest wait for a short workflow of the queue of questions: longer than its stages may take, so that their reason is heard. */
const TIMEOUT = '90 seconds';
/** Books that one listing gives. */
const LISTED = 200;

export class TemporalService implements Service {
  readonly #temporal: Client;
  readonly #client: ScriptoriumClient;

  /** @param temporal stays its owner's, who closes it */
  constructor(temporal: Client) {
    this.#temporal = temporal;
    this.#client = new ScriptoriumClient(temporal);
  }

  async ask(input: AskInput, options: Pick<AskSettings, 'onText' | 'signal'> = {}): Promise<Answer> {
    return await ask(this.#temporal, parse(askInput, input), options);
  }

  async search(
    input: SearchInput,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<SearchResult> {
    const asked = parse(searchInput, input);
    // It ends by itself; who gave it up does not wait for that.
    return await withinTime(undefined, signal, () =>
      this.#execute<SearchResult>(workflowTypes.searchLibrary, asked),
    );
  }

  /** Reads the whole catalog, page by page: Temporal knows of no libraries. */
  async libraries(): Promise<readonly string[]> {
    const names = new Set<string>();
    for await (const { library } of this.#client.eachBook()) names.add(library);
    return [...names].sort();
  }

  async books({ title, limit, after, ...query }: BooksQuery & LibraryScope): Promise<BookPage> {
    if (title === undefined) return await this.#listed({ ...query, after, limit });
    return await titledBooks({ title, limit, after }, (from) =>
      this.#listed({ ...query, after: from, limit: LISTED }),
    );
  }

  async book(bookId: string): Promise<BookDetail> {
    const found = await upkeep.lookUp(this.#temporal, bookId, {});
    if (found.kind === 'book') return bookDetail.parse(found.book);
    throw new ScriptoriumError('BOOK_NOT_FOUND', `${bookId} is a ${found.kind}, not a book`);
  }

  async page(bookId: string, n: number): Promise<PageOfBook> {
    return await this.#execute(READ_BOOK_WORKFLOW, parse(readBookInput, { what: 'page', bookId, n }));
  }

  async chunks(bookId: string, after: number, limit: number): Promise<ChunksOfBook> {
    const input = parse(readBookInput, { what: 'chunks', bookId, after, limit });
    return await this.#execute(READ_BOOK_WORKFLOW, input);
  }

  async remove(bookId: string): Promise<RemovedBook> {
    return await this.#client.remove(bookId);
  }

  async explain(id: string): Promise<upkeep.Explanation> {
    return await this.#client.explain(id);
  }

  async assertRoom(library: string): Promise<void> {
    await assertRoom(this.#temporal, library);
  }

  async addJob(library: string, paths: readonly string[], options: JobOptions): Promise<LibraryJob> {
    return await addJob(this.#temporal, library, paths, options);
  }

  async job(jobId: string): Promise<LibraryJob> {
    return await job(this.#temporal, jobId);
  }

  async runs(): Promise<readonly Run[]> {
    return await runsNow(this.#client);
  }

  async run(library: string): Promise<Run> {
    return await runOf(this.#client, library);
  }

  async steer(library: string, change: RunAction): Promise<Steered> {
    return await steerRun(this.#client, library, change);
  }

  /** Of the store and the model only the workers know. */
  async parts(): Promise<readonly Pick<Part, 'name' | 'healthy' | 'detail'>[]> {
    try {
      const without = (await queuesWithoutWorkers(this.#temporal, 'all')).map(({ queue }) => queue);
      const detail = without.length > 0 ? `none for ${without.join(', ')}` : 'poll their queues';
      return [
        { name: 'temporal', healthy: true, detail: 'answers' },
        { name: 'workers', healthy: without.length === 0, detail },
      ];
    } catch (error) {
      return [{ name: 'temporal', healthy: false, detail: fromWorkflow(error).message }];
    }
  }

  async #listed(query: object): Promise<BookPage> {
    return await this.#execute<BookPage>(workflowTypes.listBooks, parse(listBooksInput, query));
  }

  async #execute<T>(type: string, input: object): Promise<T> {
    try {
      return await this.#temporal.workflow.execute<(input: object) => Promise<T>>(type, {
        ...{ taskQueue: taskQueues.query, workflowId: `${type}/${randomUUID()}` },
        ...{ args: [input], workflowExecutionTimeout: TIMEOUT },
      });
    } catch (error) {
      throw fromWorkflow(error);
    }
  }
}
