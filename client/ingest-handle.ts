/** A run that was started: watch it, wait for it, cancel it. */
import { setTimeout } from 'node:timers/promises';
import { type Client, defaultPayloadConverter, type WorkflowHandle } from '@temporalio/client';
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
import { fromWorkflow, isCancelled } from './failures.ts';

/** A book in flight: its stage, and how far that stage is. */
export interface BookInFlight extends RunningBook {
  /** Null between two stages. */
  readonly stage: Stage | null;
  /** Pages, chunks or points done in this stage. */
  readonly position: HeartbeatProgress | null;
}

export interface IngestProgress extends Omit<RunProgress, 'running'> {
  /** The books in flight; of more than `MAX_SHOWN` only that many. */
  readonly running: readonly BookInFlight[];
}

export type ProgressListener = (progress: IngestProgress) => void;

const MAX_SHOWN = 8;
const POLL_MS = 1_000;

export class IngestHandle {
  readonly #client: Client;
  readonly #handle: WorkflowHandle;

  constructor(client: Client, workflowId: string) {
    this.#client = client;
    this.#handle = client.workflow.getHandle(workflowId);
  }

  get workflowId(): string {
    return this.#handle.workflowId;
  }

  /** Where the run stands now. */
  async progress(): Promise<IngestProgress> {
    const run = await this.#handle.query<RunProgress>(runProgressQuery);
    const shown = run.running.slice(0, MAX_SHOWN);
    return { ...run, running: await Promise.all(shown.map((book) => this.#inFlight(run.library, book))) };
  }

  /** Calls the listener about once a second until the run is over; call what it returns to stop earlier. */
  onProgress(listener: ProgressListener): () => void {
    const watch = new AbortController();
    const stop = (): void => watch.abort();
    // Also when the connection is closed: nobody is left to listen, and the program must be able to end.
    this.#handle.result().then(stop, stop);
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
   * Waits for the end of the run, over restarts of the stack. A run that was cancelled gives its counts as well.
   * @throws ScriptoriumError with the code of a failure that concerns the whole run, such as MODEL_MISMATCH
   */
  async result(): Promise<IngestLibraryResult> {
    try {
      return await this.#handle.result();
    } catch (error) {
      if (isCancelled(error)) return await this.#cancelledResult();
      throw fromWorkflow(error);
    }
  }

  /** Ends the children and then the run; what was ingested stays. */
  async cancel(): Promise<void> {
    await this.#handle.cancel();
  }

  async #inFlight(library: string, book: RunningBook): Promise<BookInFlight> {
    const description = await this.#client.workflow
      .getHandle(ingestBookId(library, book.bookId))
      .describe()
      .catch(() => null);
    const [activity] = description?.raw.pendingActivities ?? [];
    const stage = stageOf[activity?.activityType?.name ?? ''] ?? null;
    const [payload] = activity?.heartbeatDetails?.payloads ?? [];
    return {
      ...book,
      stage,
      position: payload ? positionOf(defaultPayloadConverter.fromPayload(payload)) : null,
    };
  }

  async #cancelledResult(): Promise<IngestLibraryResult> {
    const { library, books, chunks, failures, startedAtMs } =
      await this.#handle.query<RunProgress>(runProgressQuery);
    const { closeTime } = await this.#handle.describe();
    const seconds = ((closeTime?.getTime() ?? Date.now()) - startedAtMs) / 1_000;
    return { workflowId: this.workflowId, library, books, chunks, failures, skippedFiles: {}, seconds };
  }
}

const stageOf: Readonly<Record<string, Stage>> = {
  extractBook: 'extract',
  chunkBook: 'chunk',
  embedBook: 'embed',
  upsertBook: 'upsert',
  verifyBook: 'verify',
  commitBook: 'commit',
};

const heartbeat = z.object({ done: z.number(), total: z.number().nullable() });

function positionOf(details: unknown): HeartbeatProgress | null {
  const parsed = heartbeat.safeParse(details);
  return parsed.success ? parsed.data : null;
}
