/** What the ways in (HTTP, MCP) ask of the process behind them. */
import type { AskInput, SearchInput } from '../../workflows/contract.ts';
import type { Answer, BookPage, SearchResult } from '../../workflows/result-contract.ts';
import type { Steered } from '../../workflows/run-contract.ts';
import type { RemovedBook } from '../../workflows/upkeep-contract.ts';
import type { TextListener } from '../ask.ts';
import type { IngestProgress } from '../ingest-handle.ts';
import type { JobOptions, LibraryJob } from '../jobs.ts';
import type { Part } from '../stack-state.ts';
import type { Explanation } from '../upkeep.ts';
import type { BookDetail, BooksQuery, ChunkPage, PageOfBook, runActions } from './contract.ts';
import type { LibraryScope } from './principal.ts';

export interface Run extends IngestProgress {
  readonly workflowId: string;
}

/** A change of a run: what its update wants. */
export type RunAction =
  | { readonly action: Exclude<(typeof runActions)[number], 'parallel' | 'retry'> }
  | { readonly action: 'parallel'; readonly parallel: number }
  | { readonly action: 'retry'; readonly all: boolean };

/** Every method throws ScriptoriumError; what was looked up by id and is not there has a code of its own. */
export interface Service {
  /** Gives up when the signal says so; the answer is made all the same, and kept for who asks next. */
  ask(
    input: AskInput,
    options?: { readonly onText?: TextListener; readonly signal?: AbortSignal },
  ): Promise<Answer>;
  /** Gives up when the signal says so, or after the time that a question has. */
  search(input: SearchInput, options?: { readonly signal?: AbortSignal }): Promise<SearchResult>;
  libraries(): Promise<readonly string[]>;
  books(query: BooksQuery & LibraryScope): Promise<BookPage>;
  /** @throws ScriptoriumError BOOK_NOT_FOUND */
  book(bookId: string): Promise<BookDetail>;
  /**
   * @param n from 1: page of a PDF, section of anything else
   * @throws ScriptoriumError BOOK_NOT_FOUND, PAGE_NOT_FOUND
   */
  page(bookId: string, n: number): Promise<PageOfBook>;
  /** Chunks after an ordinal. */
  chunks(bookId: string, after: number, limit: number): Promise<ChunkPage>;
  /** @throws ScriptoriumError BOOK_NOT_FOUND, RUN_IN_PROGRESS */
  remove(bookId: string): Promise<RemovedBook>;
  /** Where a book, chunk or run came from. */
  explain(id: string): Promise<Explanation>;
  /**
   * Before books are sent: whether a job of them would be taken.
   * @throws ScriptoriumError JOBS_FULL
   */
  assertRoom(library: string): Promise<void>;
  addJob(library: string, paths: readonly string[], options: JobOptions): Promise<LibraryJob>;
  /** @throws ScriptoriumError JOB_NOT_FOUND */
  job(jobId: string): Promise<LibraryJob>;
  /** Runs that are going on. */
  runs(): Promise<readonly Run[]>;
  /** The latest run over a library, over or not; @throws ScriptoriumError NO_RUN */
  run(library: string): Promise<Run>;
  /** @throws ScriptoriumError NO_RUN, RUN_NOT_READY, INVALID_ARGUMENT */
  steer(library: string, action: RunAction): Promise<Steered>;
  /** Temporal, store, model, each named. */
  parts(): Promise<readonly Pick<Part, 'name' | 'healthy' | 'detail'>[]>;
}
