/** A run that was started: watch it, steer it, wait for it, cancel it. */
import { setTimeout } from 'node:timers/promises';
import { type Client, defaultPayloadConverter, type WorkflowExecutionStatusName } from '@temporalio/client';
import { z } from 'zod';
import {
  type HeartbeatProgress,
  type IngestLibraryResult,
  ingestBookId,
  type RunningBook,
  type RunProgress,
  runProgressQuery,
  type Stage,
} from '../workflows/contract.ts';
import {
  namedBooksInput,
  type RunState,
  retryFailedInput,
  runUpdates,
  type Steered,
  setParallelInput,
} from '../workflows/run-contract.ts';
import { parse } from './checked-input.ts';
import { fromQuery, fromWorkflow, isCancelled } from './failures.ts';
import { type OutageListener, waitOut } from './patience.ts';
import { query } from './query.ts';
import { RunChain } from './run-chain.ts';
import { bookShare, type RunWeight, runWeight } from './run-weight.ts';
import { steer } from './steering.ts';

/** A book in flight: its stage, and how far that stage is. */
export interface BookInFlight extends RunningBook {
  /** Null between two stages. */
  readonly stage: Stage | null;
  /** Pages, chunks or points done in this stage. */
  readonly position: HeartbeatProgress | null;
  /** Share of the book's work that is done, 0 to 1; between two stages what it was. */
  readonly done: number;
  /** Chunks of the book; null until they are counted. */
  readonly chunks: number | null;
}

/** How a run ended that was not done; the run itself cannot tell. */
const endings = {
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
} as const satisfies Partial<Record<WorkflowExecutionStatusName, string>>;
type Ending = (typeof endings)[keyof typeof endings];

/** `done` is the share of the work that is done, 0 to 1; `rate` is in chunks a second. */
export interface IngestProgress extends Omit<RunProgress, 'running' | 'state'>, RunWeight {
  readonly state: RunState | Ending;
  /** The books in flight; of more than `MAX_SHOWN` only that many. */
  readonly running: readonly BookInFlight[];
  /** Books in flight in all. */
  readonly inFlight: number;
}

export type ProgressListener = (progress: IngestProgress) => void;

/** What became of a run: `done` where every book was seen to, `cancelled` where it was ended before. */
export interface IngestResult extends IngestLibraryResult {
  readonly state: 'done' | 'cancelled';
}

export interface ResultOptions {
  /** Called when Temporal stops to answer, and when it answers again; the run is not concerned. */
  readonly onOutage?: OutageListener;
}

const MAX_SHOWN = 8;
const POLL_MS = 1_000;

export interface RunOrigin {
  /** Run id of the run's first step; the latest run when left out. */
  readonly firstRunId?: string;
  readonly joinedFrom?: Date;
}

export class IngestHandle {
  /**
   * When the run was started that was going on already, and was joined; null for one that was started now. What came into its
   * folders after it had looked through them is found by the next run.
   */
  readonly joinedFrom: Date | null;
  readonly #client: Client;
  readonly #chain: RunChain;
  /** What was last seen of the books in flight, for the moments between two stages. */
  #seen: ReadonlyMap<string, BookInFlight> = new Map();

  constructor(client: Client, workflowId: string, { firstRunId, joinedFrom }: RunOrigin = {}) {
    this.joinedFrom = joinedFrom ?? null;
    this.#client = client;
    this.#chain = new RunChain(client, workflowId, firstRunId);
  }

  get workflowId(): string {
    return this.#chain.workflowId;
  }

  /**
   * Where the run stands now.
   * @throws ScriptoriumError NO_RUN, STACK_UNREACHABLE
   */
  async progress(): Promise<IngestProgress> {
    const { run, status } = await this.#query();
    const shown = run.running.slice(0, MAX_SHOWN);
    const running = await Promise.all(shown.map((book) => this.#inFlight(run.library, book)));
    this.#seen = new Map(running.map((book) => [book.bookId, book]));
    const others = run.running.slice(MAX_SHOWN).map((book) => ({ ...book, done: 0, chunks: null }));
    const weight = runWeight({ ...run, running: [...running, ...others] }, Date.now());
    const state = isEnding(status) ? endings[status] : run.state;
    return { ...run, state, ...weight, running, inFlight: run.running.length };
  }

  /** Calls the listener about once a second until the run is over; call what it returns to stop earlier. */
  onProgress(listener: ProgressListener): () => void {
    const watch = new AbortController();
    const stop = (): void => watch.abort();
    // Also when the connection is closed: nobody is left to listen, and the program must be able to end.
    this.#outcome({}).then(stop, stop);
    void this.#poll(listener, watch.signal);
    return stop;
  }

  async #poll(listener: ProgressListener, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      // A query that fails now (the workers restart, say) is asked again.
      const progress = await this.progress().catch(() => null);
      if (progress && !over.aborted) listener(progress);
      await setTimeout(POLL_MS, undefined, { signal: over }).catch(() => {});
    }
  }

  /**
   * Waits for the end of the run, over restarts of the stack and outages of Temporal, however long. A run that was
   * cancelled gives its counts as well, and says so (`state`).
   * @throws ScriptoriumError with the code of a failure that concerns the whole run, such as MODEL_MISMATCH
   */
  async result(options: ResultOptions = {}): Promise<IngestResult> {
    try {
      return { ...(await this.#outcome(options)), state: 'done' };
    } catch (error) {
      if (isCancelled(error)) return await this.#cancelledResult(options);
      throw fromWorkflow(error);
    }
  }

  /** Ends the children and then the run; what was ingested stays. */
  async cancel(): Promise<void> {
    const handle = await this.#chain.handle();
    await handle.cancel().catch((error: unknown) => {
      throw fromWorkflow(error);
    });
  }

  /**
   * No new book is started; those in flight are finished.
   * @throws ScriptoriumError NO_RUN, STACK_UNREACHABLE, as every change of a run
   */
  async pause(): Promise<Steered> {
    return await steer(this.#client, this.#chain, runUpdates.pause);
  }

  async resume(): Promise<Steered> {
    return await steer(this.#client, this.#chain, runUpdates.resume);
  }

  /** As `cancel`, and says how many books it was about. */
  async cancelRun(): Promise<Steered> {
    return await steer(this.#client, this.#chain, runUpdates.cancelRun);
  }

  /**
   * @param parallel books at once, 1 to 500; those in flight beyond are finished
   * @throws ScriptoriumError INVALID_ARGUMENT
   */
  async setParallel(parallel: number): Promise<Steered> {
    const input = parse(setParallelInput, { parallel });
    return await steer(this.#client, this.#chain, runUpdates.setParallel, input);
  }

  /**
   * Ends books, in flight or waiting; nothing of them becomes visible.
   * @param books ids or absolute paths
   * @throws ScriptoriumError INVALID_ARGUMENT
   */
  async cancelBooks(books: readonly string[]): Promise<Steered> {
    const input = parse(namedBooksInput, { books });
    return await steer(this.#client, this.#chain, runUpdates.cancelBooks, input);
  }

  /**
   * Waiting books are started next.
   * @param books ids or absolute paths
   * @throws ScriptoriumError INVALID_ARGUMENT
   */
  async moveToFront(books: readonly string[]): Promise<Steered> {
    const input = parse(namedBooksInput, { books });
    return await steer(this.#client, this.#chain, runUpdates.moveToFront, input);
  }

  /** Books of this run that failed are tried again now; with `all` also those whose content is at fault. */
  async retryFailed(options: { readonly all?: boolean } = {}): Promise<Steered> {
    const input = parse(retryFailedInput, options);
    return await steer(this.#client, this.#chain, runUpdates.retryFailed, input);
  }

  #outcome({ onOutage }: ResultOptions): Promise<IngestLibraryResult> {
    const result = async (): Promise<IngestLibraryResult> => await (await this.#chain.handle()).result();
    return this.#waitOut(result, onOutage);
  }

  #waitOut<T>(ask: () => Promise<T>, onOutage?: OutageListener): Promise<T> {
    return waitOut(ask, () => this.#client.workflowService.getSystemInfo({}), onOutage);
  }

  async #query(): Promise<{ run: RunProgress; status: WorkflowExecutionStatusName }> {
    const { step, status } = await this.#chain.latestStep();
    try {
      return { run: await query<RunProgress>(this.#client, step, runProgressQuery, []), status };
    } catch (error) {
      throw fromQuery(error, this.workflowId);
    }
  }

  async #inFlight(library: string, book: RunningBook): Promise<BookInFlight> {
    const description = await this.#client.workflow
      .getHandle(ingestBookId(library, book.bookId))
      .describe()
      .catch(() => null);
    const [activity] = description?.raw.pendingActivities ?? [];
    const stage = stageOf[activity?.activityType?.name ?? ''] ?? null;
    const [payload] = activity?.heartbeatDetails?.payloads ?? [];
    const position = payload ? positionOf(defaultPayloadConverter.fromPayload(payload)) : null;
    const before = this.#seen.get(book.bookId);
    return {
      ...book,
      stage,
      position,
      done: stage ? bookShare(stage, position) : (before?.done ?? 0),
      chunks: countsChunks(stage) ? (position?.total ?? before?.chunks ?? null) : (before?.chunks ?? null),
    };
  }

  async #cancelledResult({ onOutage }: ResultOptions): Promise<IngestResult> {
    const { run } = await this.#waitOut(() => this.#query(), onOutage);
    const { library, books, chunks, failures, startedAtMs, skippedFiles = {}, pruned = 0 } = run;
    const { step } = await this.#chain.latestStep();
    const { closeTime } = await step.describe();
    const seconds = ((closeTime?.getTime() ?? Date.now()) - startedAtMs) / 1_000;
    const counted = { library, books, chunks, failures, skippedFiles, pruned, seconds };
    return { workflowId: this.workflowId, ...counted, state: 'cancelled' };
  }
}

function isEnding(status: WorkflowExecutionStatusName): status is keyof typeof endings {
  return status in endings;
}

type BookStage = Exclude<Stage, 'scan'>;

const stageOf: Readonly<Record<string, BookStage>> = {
  extractBook: 'extract',
  chunkBook: 'chunk',
  embedBook: 'embed',
  upsertBook: 'upsert',
  verifyBook: 'verify',
  commitBook: 'commit',
};

/** Stages whose position counts all chunks of the book. */
function countsChunks(stage: BookStage | null): boolean {
  return stage === 'embed' || stage === 'upsert';
}

const heartbeat = z.object({ done: z.number(), total: z.number().nullable() });

function positionOf(details: unknown): HeartbeatProgress | null {
  const parsed = heartbeat.safeParse(details);
  return parsed.success ? parsed.data : null;
}
