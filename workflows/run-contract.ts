/** What people may do to a run while it goes on: validated updates, from the client, the command line and `temporal workflow update`. */
import { z } from 'zod';
import { parallel } from './contract.ts';

/**
 * Updates on a run. Each takes one JSON object (or nothing) and answers with what it did, for example
 *
 *     temporal workflow update execute --workflow-id ingest/default --name setParallel --input '{"parallel":20}'
 *
 * A value that makes no sense is rejected by the update's validator with INVALID_ARGUMENT and the name of the field.
 */
export const runUpdates = {
  /** No new book is started; those in flight are finished. */
  pause: 'pause',
  resume: 'resume',
  /** `{"parallel":20}`. Fewer than are in flight: no book is started until there are fewer. */
  setParallel: 'setParallel',
  /** `{"books":["<id or path>"]}`: ends them, whether in flight or waiting; nothing of them becomes visible. */
  cancelBooks: 'cancelBooks',
  /** `{"books":["<id or path>"]}`: waiting books are started next. */
  moveToFront: 'moveToFront',
  /** `{}` or `{"all":true}`: books of this run that failed are tried again now; with `all` also those whose content is at fault. */
  retryFailed: 'retryFailed',
  /** Children end, and then the run, as `temporal workflow cancel` does it. */
  cancelRun: 'cancelRun',
} as const;
export type RunUpdate = keyof typeof runUpdates;

export const setParallelInput = z.strictObject({ parallel });
export type SetParallelInput = z.input<typeof setParallelInput>;

/** Books that one update may name. */
export const MAX_NAMED_BOOKS = 100;

/** Ids or absolute paths, as `books` and `status` show them. */
export const namedBooksInput = z.strictObject({
  books: z.array(z.string().min(1)).min(1, 'name at least one book').max(MAX_NAMED_BOOKS),
});
export type NamedBooksInput = z.input<typeof namedBooksInput>;

export const retryFailedInput = z.strictObject({ all: z.boolean().default(false) });
export type RetryFailedInput = z.input<typeof retryFailedInput>;

/** What an update answers: where the run stands after it, and how many books it touched. */
export interface Steered {
  readonly state: RunState;
  readonly parallel: number;
  /** Books that the update was about: cancelled, moved or to be tried again; 0 for the others. */
  readonly books: number;
}

export type RunState = 'scanning' | 'ingesting' | 'paused' | 'cancelling' | 'done';

/** Bytes of the sources, by ending (`.pdf`): what a run has to do, and what is settled. Chunks are of ingested books. */
export interface FormatWork {
  readonly bytes: number;
  readonly settledBytes: number;
  /** Bytes of the books that were ingested, and their chunks: how many chunks such a book gives. */
  readonly ingestedBytes: number;
  readonly chunks: number;
}

/** What was settled at a moment; taken every `SAMPLE_EVERY_MS` at most, the oldest first. */
export interface ProgressSample {
  readonly atMs: number;
  readonly books: number;
  readonly bytes: number;
  readonly chunks: number;
}

/** Two samples are this far apart at least. */
export const SAMPLE_EVERY_MS = 10_000;
/** Five minutes of them tell the rate. */
export const MAX_SAMPLES = 30;
