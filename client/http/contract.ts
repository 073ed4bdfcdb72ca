/**
 * What passes over HTTP, as schemas: they validate what comes, and the OpenAPI document is made of them. What the workflows
 * take and give has its schemas there; here is what only HTTP has.
 */
import { z } from 'zod';
import { askInput, bookState, DEFAULT_LIBRARY, libraryName, searchInput } from '../../workflows/contract.ts';
import { bookFields, bookSummary, ms, pageRange, problem, text, whole } from './fields.ts';

export { bookSummary, type Problem, problem } from './fields.ts';
export * from './ingestion-contract.ts';

/** Every address but those of health, metrics and documents begins with it. */
export const API = '/api/v1';

// ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────

export const queryBody = askInput.omit({ libraries: true }).meta({
  id: 'Query',
  examples: [{ question: 'Who kept the lamp of Saint Orrin?', library: DEFAULT_LIBRARY }],
});
export const searchBody = searchInput.omit({ libraries: true }).meta({
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
