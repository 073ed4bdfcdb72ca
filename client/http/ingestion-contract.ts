/** Handing books in, and runs: what passes over HTTP. */
import { z } from 'zod';
import {
  DEFAULT_LIBRARY,
  DEFAULT_PARALLEL,
  libraryName,
  parallel,
  stages,
} from '../../workflows/contract.ts';
import { MAX_JOB_PATHS } from '../../workflows/job-contract.ts';
import { bookSummary, failure, problem, text, whole } from './fields.ts';

/** Longest path that an operating system takes, in characters. */
const MAX_PATH = 4_096;

export const indexBody = z
  .strictObject({
    paths: z
      .array(
        z
          .string()
          .max(MAX_PATH)
          .regex(/^(\/|[A-Za-z]:[\\/]|\\\\)/, 'a path must be absolute'),
      )
      .min(1)
      .max(MAX_JOB_PATHS)
      .meta({ description: 'Files and folders of the machine that the workers run on' }),
    library: libraryName
      .optional()
      .meta({ description: `What the address says, where it is left out, or else \`${DEFAULT_LIBRARY}\`` }),
    parallel: parallel.default(DEFAULT_PARALLEL),
  })
  .meta({ id: 'Index', examples: [{ paths: ['/srv/books'], library: DEFAULT_LIBRARY, parallel: 5 }] });

/** What comes beside the files of an upload. */
export const uploadQuery = z.strictObject({
  library: libraryName.optional().meta({ description: 'The library; a body of JSON may name it instead' }),
});

const counts = z
  .object({
    ...{ total: whole, ingested: whole, unchanged: whole, failed: whole, cancelled: whole },
    incomplete: whole.optional().meta({
      description: 'Of those ingested: with pages or parts that their files are too damaged to give',
    }),
  })
  .meta({ id: 'BookCounts' });
const failedBook = failure.extend({ path: text }).meta({ id: 'BookFailure' });

/** `terminated` by an operator; its books may still be at work. */
const runStates = [
  ...(['scanning', 'ingesting', 'paused', 'cancelling'] as const),
  ...(['done', 'cancelled', 'terminated', 'failed'] as const),
] as const;

export const runProgress = z
  .object({
    workflowId: text,
    library: text,
    state: z.enum(runStates).meta({ description: 'The last four: it is over' }),
    parallel: whole,
    books: counts,
    chunks: whole,
    done: z.number().min(0).max(1).meta({ description: 'Share of the work that is done' }),
    rate: z.number().nullable().meta({ description: 'Chunks a second, of the last minutes' }),
    secondsLeft: z.number().nullable(),
    running: z.array(
      z.object({
        bookId: text,
        path: text,
        startedAtMs: z.number(),
        stage: z.enum(stages).nullable(),
        position: z.object({ done: z.number(), total: z.number().nullable() }).nullable(),
        done: z.number(),
        chunks: z.number().nullable(),
      }),
    ),
    inFlight: whole.meta({ description: 'Books at work in all; `running` shows at most eight' }),
    failures: z.array(failedBook),
    startedAtMs: z.number(),
  })
  .meta({ id: 'Run' });
export type HttpRun = z.infer<typeof runProgress>;

export const job = z
  .object({
    jobId: text.meta({ examples: ['default~0b0e3a52-7e0a-4d44-9d8e-2a1df0f1ad7a'] }),
    library: text,
    paths: z.array(text),
    parallel: whole,
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    before: whole.meta({ description: 'Jobs of the library that are done first' }),
    acceptedAtMs: z.number(),
    endedAtMs: z.number().nullable(),
    result: z
      .object({ books: counts, chunks: whole, failures: z.array(failedBook), seconds: z.number() })
      .nullable(),
    failure: z.object({ code: text, message: text }).nullable(),
    progress: runProgress.nullable().meta({ description: 'Where its run stands; null unless it runs' }),
  })
  .meta({ id: 'Job' });
export type HttpJob = z.infer<typeof job>;

/** The events of a job that is watched. */
export const jobEvents = { job, problem } as const;

export const runsQuery = z.strictObject({ library: libraryName.optional() });
export const runList = z.object({ runs: z.array(runProgress) }).meta({ id: 'Runs' });

export const runActions = ['pause', 'resume', 'cancel', 'parallel', 'retry'] as const;
export const runActionBodies = {
  pause: z.strictObject({}),
  resume: z.strictObject({}),
  cancel: z.strictObject({}),
  parallel: z.strictObject({ parallel }).meta({ id: 'SetParallel', examples: [{ parallel: 20 }] }),
  retry: z
    .strictObject({
      all: z.boolean().default(false).meta({ description: 'Also books whose content is at fault' }),
    })
    .meta({ id: 'Retry', examples: [{ all: false }] }),
} as const;
export const steered = z
  .object({
    library: text,
    state: text,
    parallel: whole,
    books: whole.meta({ description: 'Books that it was about' }),
  })
  .meta({ id: 'Steered' });

export const failuresQuery = z.strictObject({
  library: libraryName.optional(),
  after: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const failurePage = z
  .object({
    failures: z.array(bookSummary.extend({ remedy: text }).meta({ id: 'FailedBook' })),
    next: z.uuid().nullable(),
  })
  .meta({ id: 'FailurePage' });
