/**
 * What passes over HTTP, as schemas: they validate what comes, and the OpenAPI document is made of them. What the workflows
 * take and give has its schemas there; here is what only HTTP has.
 */
import { z } from 'zod';
import {
  askInput,
  bookState,
  DEFAULT_LIBRARY,
  DEFAULT_PARALLEL,
  libraryName,
  parallel,
  searchInput,
  stages,
} from '../../workflows/contract.ts';
import { MAX_JOB_PATHS } from '../../workflows/job-contract.ts';

/** Every address but those of health, metrics and documents begins with it. */
export const API = '/api/v1';

const whole = z.int().min(0);
const ms = z.number().min(0);
const text = z.string();
const pageRange = z.object({ start: z.int(), end: z.int() });

// ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 9457. */
export const problem = z
  .object({
    type: text.meta({ description: 'Where the code is explained, relative to the documents of the project' }),
    title: text.meta({ description: 'What the code means' }),
    status: z.int().min(400).max(599),
    detail: text.meta({ description: 'What happened, and to which field' }),
    code: text.meta({ description: 'Code of the registry of failures', examples: ['INVALID_ARGUMENT'] }),
    remedy: text.meta({ description: 'What to do' }),
    instance: text.meta({ description: 'Id of the request, as the log of the server has it' }),
  })
  .meta({ id: 'Problem', description: 'What went wrong, as RFC 9457 has it' });
export type Problem = z.infer<typeof problem>;

// ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────

export const queryBody = askInput.meta({
  id: 'Query',
  examples: [{ question: 'Who kept the lamp of Saint Orrin?', library: DEFAULT_LIBRARY }],
});
export const searchBody = searchInput.meta({
  id: 'Search',
  examples: [{ query: 'the lamp is lit at dusk', topK: 5, filters: { format: 'pdf' } }],
});

const timings = z
  .record(text, ms)
  .meta({ description: 'Milliseconds of each stage', examples: [{ search: 12.5 }] });

const citation = z
  .object({
    n: z.int().min(1).meta({ description: 'Number that the answer uses' }),
    title: text,
    author: text.nullable(),
    page: pageRange.nullable(),
    section: z.array(text),
    bookId: z.uuid().optional(),
    path: text,
    chunkId: text,
    quote: text.meta({ description: 'Words of the passage that the answer rests on' }),
  })
  .meta({ id: 'Citation' });

export const answer = z
  .object({
    answer: text,
    citations: z.array(citation),
    droppedCitations: z.array(z.int()),
    mode: z.enum(['extractive', 'model']),
    droppedClaims: whole.optional(),
    usage: z.object({ inputTokens: whole, outputTokens: whole, costCents: z.number().optional() }).optional(),
    cached: z.object({ kind: z.enum(['exact', 'semantic']), question: text, ageMs: z.number() }).optional(),
    fallback: z.object({ code: text, message: text }).optional(),
    timings,
    workflowId: text,
  })
  .meta({ id: 'Answer' });
export type HttpAnswer = z.infer<typeof answer>;

export const searchHit = z
  .object({
    score: z.number(),
    similarity: z.number().nullable().optional(),
    text,
    title: text,
    author: text.nullable(),
    page: pageRange.nullable(),
    section: z.array(text),
    path: text,
    bookId: text,
    chunkId: text,
    chunkIds: z.array(text).optional(),
  })
  .meta({ id: 'SearchHit' });

export const searchResult = z
  .object({ hits: z.array(searchHit), timings, reranked: z.boolean().optional() })
  .meta({ id: 'SearchResult' });

/** The events of an answer that streams, by name; the data of each is one line of JSON. */
export const queryEvents = {
  /** The question was taken up, or its text begins. */
  stage: z.object({ stage: z.enum(['searching', 'writing']) }),
  /** The whole text so far; its citations are not checked yet. */
  text: z.object({ text }),
  /** The last one, if all went well. */
  answer,
  /** The last one, if it did not. */
  problem,
} as const;

// ── books ───────────────────────────────────────────────────────────────────────────────────────────────────────

const failure = z.object({ stage: z.enum(stages), code: text, message: text, attempts: whole });
const bookFields = {
  bookId: z.uuid(),
  library: text,
  path: text,
  title: text.nullable(),
  author: text.nullable(),
  state: bookState,
  pages: whole.meta({ description: 'Pages of a PDF, sections of other formats' }),
  chunks: whole,
  revision: text.nullable(),
  failure: failure.nullable(),
};
export const bookSummary = z.object(bookFields).meta({ id: 'Book' });

/** Longest text that titles and names are searched for. */
const MAX_TITLE = 200;

export const booksQuery = z.strictObject({
  library: libraryName.optional(),
  state: bookState.optional(),
  title: z
    .string()
    .min(1)
    .max(MAX_TITLE)
    .optional()
    .meta({ description: 'Text that title, author or file name has, in any case' }),
  after: z.uuid().optional().meta({ description: '`next` of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type BooksQuery = z.output<typeof booksQuery>;

export const bookPage = z
  .object({
    books: z.array(bookSummary),
    next: z.uuid().nullable().meta({ description: 'Send it as `after`; null at the end' }),
  })
  .meta({ id: 'BookPage' });

export const bookDetail = z
  .object({
    ...bookFields,
    format: text.nullable(),
    sha256: text.nullable(),
    bytes: whole,
    mtimeMs: z.number(),
    points: whole.meta({ description: 'Chunks that the store holds' }),
    updatedAtMs: z.number(),
  })
  .meta({ id: 'BookDetail' });
export type BookDetail = z.infer<typeof bookDetail>;

export const removedBook = z
  .object({
    bookId: z.uuid(),
    library: text,
    path: text.nullable(),
    title: text.nullable(),
    points: whole,
  })
  .meta({ id: 'RemovedBook' });

export const pageText = z
  .object({
    bookId: z.uuid(),
    n: z.int().min(1),
    of: whole.meta({ description: 'Pages, or sections, of the book' }),
    page: z.int().nullable().meta({ description: 'Null in formats without pages: then n counts sections' }),
    section: z.array(text),
    text,
  })
  .meta({ id: 'PageText' });
export type PageOfBook = z.infer<typeof pageText>;

export const chunksQuery = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(-1)
    .default(-1)
    .meta({ description: '`next` of the page before; the first chunk is 0' }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const chunkPage = z
  .object({
    chunks: z.array(
      z.object({
        ordinal: whole,
        tokens: whole,
        page: pageRange.nullable(),
        section: z.array(text),
        text,
      }),
    ),
    next: whole.nullable(),
  })
  .meta({ id: 'ChunkPage' });
export type ChunkPage = z.infer<typeof chunkPage>;

export const libraries = z
  .object({ libraries: z.array(z.object({ library: text })) })
  .meta({ id: 'Libraries' });

// ── ingestion ───────────────────────────────────────────────────────────────────────────────────────────────────

export const indexBody = z
  .strictObject({
    paths: z
      .array(z.string().regex(/^(\/|[A-Za-z]:[\\/]|\\\\)/, 'a path must be absolute'))
      .min(1)
      .max(MAX_JOB_PATHS)
      .meta({ description: 'Files and folders of the machine that the workers run on' }),
    library: libraryName.default(DEFAULT_LIBRARY),
    parallel: parallel.default(DEFAULT_PARALLEL),
  })
  .meta({ id: 'Index', examples: [{ paths: ['/srv/books'], library: DEFAULT_LIBRARY, parallel: 5 }] });

/** What comes beside the files of an upload. */
export const uploadQuery = z.strictObject({
  library: libraryName.optional().meta({ description: 'For uploads; a JSON body names it itself' }),
});

const counts = z
  .object({ total: whole, ingested: whole, unchanged: whole, failed: whole, cancelled: whole })
  .meta({ id: 'BookCounts' });
const failedBook = failure.extend({ path: text }).meta({ id: 'BookFailure' });

export const runProgress = z
  .object({
    workflowId: text,
    library: text,
    state: z.enum(['scanning', 'ingesting', 'paused', 'cancelling', 'done']),
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

// ── the service itself ──────────────────────────────────────────────────────────────────────────────────────────

export const part = z
  .object({ name: text, healthy: z.boolean(), detail: text })
  .meta({ id: 'Part', examples: [{ name: 'temporal', healthy: true, detail: 'answers' }] });
export const readiness = z.object({ ready: z.boolean(), parts: z.array(part) }).meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof readiness>;

export const slowQuestions = z
  .object({
    questions: z.array(
      z.object({
        atMs: z.number(),
        kind: text,
        text: text.nullable().meta({ description: 'Null where the configuration keeps texts out of logs' }),
        totalMs: ms,
        timings,
        results: whole,
        outcome: text,
      }),
    ),
  })
  .meta({ id: 'SlowQuestions' });

export const scopes = ['ask', 'ingest', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const whoami = z
  .object({
    name: text.nullable().meta({ description: 'Name of the key; null where no key is needed' }),
    scopes: z.array(z.enum(scopes)),
    libraries: z.array(text).nullable().meta({ description: 'Null: all' }),
    keyNeeded: z.boolean(),
  })
  .meta({ id: 'WhoAmI' });
