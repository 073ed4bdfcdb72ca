/**
 * The shape of what a workflow takes along when it continues as new. A person who starts one by hand may put anything into that
 * field: what is taken for carried state must not fail later, where the failure is none of the input. Only what the
 * workflow reads is looked at, and what it does not know stays: other versions carry other fields.
 */
import { z } from 'zod';

const count = z.int().min(0);
const failures = z.array(z.looseObject({ path: z.string(), code: z.string(), message: z.string() }));

const entry = z.looseObject({ bookId: z.string(), path: z.string(), bytes: z.number() });

const run = z.looseObject({
  scan: z.looseObject({
    ...{ manifestKey: z.string(), toIngest: count, unchanged: count, failed: count, failures },
    skippedFiles: z.record(z.string(), z.number()),
  }),
  running: z.array(z.looseObject({ bookId: z.string(), path: z.string(), startedAtMs: z.number() })),
  ...{ cursor: count, ingested: count, failed: count, cancelled: count },
  ...{ chunks: count, failures, startedAtMs: z.number(), cancelling: z.boolean() },
  paused: z.boolean().optional(),
  retries: z.array(z.looseObject({ key: z.string(), count })).optional(),
  front: z.array(z.looseObject({ ordinal: count, entry })).optional(),
  taken: z.array(count).optional(),
  formats: z.record(z.string(), z.looseObject({ bytes: z.number() })).optional(),
  samples: z.array(z.looseObject({ atMs: z.number() })).optional(),
  retried: count.optional(),
  retriesFirst: z.boolean().optional(),
});

const kept = z.array(z.looseObject({ id: z.string(), paths: z.array(z.string()) }));
const jobs = z.looseObject({ waiting: kept, ended: kept });

/** Of a step of `ingestLibrary`. */
export const isCarriedRun = (value: unknown): boolean => run.safeParse(value).success;
/** Of a step of `ingestJobs`. */
export const isCarriedJobs = (value: unknown): boolean => jobs.safeParse(value).success;

export const NOT_CARRIED = 'the workflow itself sets this when it continues as new; leave it out';
