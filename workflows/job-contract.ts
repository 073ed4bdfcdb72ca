/** What passes between those who hand in books over HTTP or MCP and the workflow that ingests them, one job after the other. */
import { z } from 'zod';
import { isCarriedJobs, NOT_CARRIED } from './carried-contract.ts';
import { type BookCounts, type BookFailure, ingestLibraryInput, libraryName } from './contract.ts';

export const JOBS_WORKFLOW = 'ingestJobs';
/** One a library: its jobs wait for each other, as its runs must. */
export const jobsId = (library: string): string => `jobs/${library}`;

/** Paths that one job may name: folders, mostly. */
export const MAX_JOB_PATHS = 100;

/** Update on it: takes a job, or gives the one that came with the same idempotency key. */
export const addJobUpdate = 'addJob';
export const addJobInput = z.strictObject({
  /** UUID. */
  id: z.uuid(),
  paths: ingestLibraryInput.shape.paths.unwrap().max(MAX_JOB_PATHS),
  parallel: ingestLibraryInput.shape.parallel,
  /** Chosen by the sender, who sends the same request again when it heard no answer. */
  idempotencyKey: z.string().min(1).max(255).optional(),
});
export type AddJobInput = z.input<typeof addJobInput>;
/** Checked, and with its defaults. */
export type ParsedJob = z.output<typeof addJobInput>;

/** Query on it: the job of an id, or null. */
export const jobQuery = 'job';
/** Query on it: whether a job of a hundred books would be taken now. */
export const jobRoomQuery = 'hasRoom';

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  /** UUID. */
  readonly id: string;
  readonly paths: readonly string[];
  readonly parallel: number;
  readonly state: JobState;
  /** Jobs before it; 0 unless it waits. */
  readonly before: number;
  /** Milliseconds since 1970. */
  readonly acceptedAtMs: number;
  readonly endedAtMs: number | null;
  /** What became of its books; null before it is done. */
  readonly result: JobResult | null;
  /** Why the whole of it failed; null unless it did. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export interface JobResult {
  readonly books: BookCounts;
  readonly chunks: number;
  /** The latest of them, at most `MAX_JOB_FAILURES`. */
  readonly failures: readonly BookFailure[];
  readonly seconds: number;
}

/** The catalog has them all. */
export const MAX_JOB_FAILURES = 3;
/** UTF-16 units of all paths that wait: they are carried from step to step of the workflow. */
export const MAX_WAITING_TEXT = 128_000;
/** UTF-16 units, of three bytes at most, of all that is kept of the jobs that wait, as JSON, and of those that ended: a payload may have 2 MB. */
export const MAX_KEPT_JSON = 330_000;
/** Ended jobs that are remembered, if they are no larger than that. */
export const MAX_ENDED_JOBS = 200;
/** Requests that are taken up while one job is at work: Temporal takes 2,000 updates of one step of a workflow. */
export const MAX_REQUESTS = 1_900;
/** UTF-16 units that one execution takes: each is in its history twice, which the server ends at 50 MB. */
export const MAX_TAKEN_JSON = 10_000_000;

export const ingestJobsInput = z.strictObject({
  library: libraryName,
  /** Set by the workflow itself when it continues as new. */
  carried: z.custom<CarriedJobs>(isCarriedJobs, NOT_CARRIED).optional(),
});
export type IngestJobsInput = z.input<typeof ingestJobsInput>;

export interface CarriedJobs {
  readonly waiting: readonly KeptJob[];
  readonly ended: readonly KeptJob[];
}

export type KeptJob = Omit<Job, 'before'> & { readonly idempotencyKey?: string };
