/** Every setting: environment → schema → frozen object. Units are in the names. */
import { existsSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { z } from 'zod';
import type { AnswerCaps, AnswerPrices } from '../activities/answer-budget.ts';
import type { StageLimits } from '../activities/attempt.ts';
import type { CacheLimits } from '../activities/cache/answer-caches.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import type { ChunkOptions, SandboxLimits } from '../activities/ports/documents.ts';
import { type Home, homeOf } from '../client/home.ts';
import { DEFAULT_NAMESPACE } from '../client/stack-state.ts';
import { HTTP_RULE, type HttpSettings, originsOf } from './http/settings.ts';
import { listenAddressOf } from './listen-address.ts';
import { METRICS_RULE, type TelemetrySettings } from './telemetry/settings.ts';

const MB = 1024 * 1024;

const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high);
const optional = z.string().optional();
/** `localhost:6333` would be a URL too, of the protocol `localhost`. */
const httpUrl = z.url({
  protocol: /^https?$/,
  error: 'it must be a URL that begins with http:// or https://',
});

const environment = z.object({
  /** Vector store: `lancedb` in the worker's process, or `qdrant`. Default: lancedb, or qdrant when QDRANT_URL is set. */
  SCRIPTORIUM_STORE: z.enum(['lancedb', 'qdrant']).optional(),
  QDRANT_URL: httpUrl.optional(),
  QDRANT_API_KEY: optional,
  /** Folders, separated as in PATH, that sources must lie in. No restriction when empty. */
  SCRIPTORIUM_LIBRARY_ROOTS: optional,
  /** Largest PDF, EPUB or DOCX file. It is read into memory whole, so the sandbox's memory limits it too. */
  SCRIPTORIUM_MAX_FILE_MB: whole(1, 2_000).default(512),
  /** Largest text, HTML or Markdown file, and largest text in an archive. War and Peace has 3 MB. */
  SCRIPTORIUM_MAX_TEXT_MB: whole(1, 1_000).default(64),
  /** Longest time for one request to the sandbox, which reads at most 64 pages. */
  SCRIPTORIUM_EXTRACT_TIMEOUT_S: whole(1, 3_600).default(120),
  /** Largest resident memory of one sandbox process. */
  SCRIPTORIUM_EXTRACT_MEMORY_MB: whole(128, 16_384).default(1_024),
  /** Sandbox processes at once. Reading is 20 times faster than embedding on a CPU, so few are enough. */
  SCRIPTORIUM_EXTRACT_PROCESSES: whole(1, 256).default(Math.max(1, Math.min(4, availableParallelism()))),
  /** Embedding threads, a core each. */
  SCRIPTORIUM_EMBED_THREADS: whole(1, 256).default(availableParallelism()),
  /** Chunks embedded between two checkpoints. */
  SCRIPTORIUM_EMBED_BATCH: whole(1, 1_024).default(32),
  /** Largest chunk in tokens; all-MiniLM-L6-v2 takes at most 256. */
  SCRIPTORIUM_CHUNK_TOKENS: whole(32, 256).default(256),
  /** Tokens repeated from the chunk before. */
  SCRIPTORIUM_CHUNK_OVERLAP: whole(0, 128).default(32),
  /** Workflows kept in memory, about 1 MB each. */
  SCRIPTORIUM_CACHED_WORKFLOWS: whole(2, 10_000).default(100),
  /** Resident memory at which a worker process is drained and replaced; the sandbox's processes are not counted. */
  SCRIPTORIUM_WORKER_MEMORY_MB: whole(512, 1_048_576).default(4_096),
  /** How long a worker that is told to stop may finish its batches. */
  SCRIPTORIUM_GRACE_S: whole(1, 600).default(10),
  /** How long a book waits for a part that is out of service, before it fails. */
  SCRIPTORIUM_MAX_OUTAGE_H: whole(1, 8_760).default(24),
  /** Where `/metrics` is served: host:port, where port 0 is any free one, or `off`. Default: see `METRICS_RULE`. */
  SCRIPTORIUM_METRICS_ADDRESS: optional,
  /** Where HTTP is served: host:port, where port 0 is any free one, or `off`. Default: see `HTTP_RULE`. */
  SCRIPTORIUM_HTTP_ADDRESS: optional,
  /** Requests a minute of one API key. */
  SCRIPTORIUM_HTTP_RATE: whole(1, 10_000_000).default(1_200),
  /** Open streams of one API key. */
  SCRIPTORIUM_HTTP_STREAMS: whole(1, 100_000).default(20),
  /** Origins of pages of other hosts that browsers may let in, separated by commas. */
  SCRIPTORIUM_HTTP_CORS_ORIGINS: optional,
  /** A question that takes longer is written into the log. */
  SCRIPTORIUM_SLOW_QUERY_MS: whole(0, 600_000).default(200),
  /** Whether the log of slow questions holds their text, or only its hash. */
  SCRIPTORIUM_SLOW_QUERY_TEXT: z.enum(['plain', 'hash']).default('plain'),
  SCRIPTORIUM_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  OPENAI_BASE_URL: httpUrl.optional(),
  OPENAI_API_KEY: optional,
  /** Model that writes answers; without it they are extractive. */
  OPENAI_MODEL: optional,
  /** Time for a whole answer; what the model has not finished by then is quoted from the books. */
  SCRIPTORIUM_ANSWER_TIMEOUT_S: whole(1, 110).default(60),
  /** Endpoint of a cross-encoder that orders what was found; what comes before `/rerank`. */
  SCRIPTORIUM_RERANK_URL: httpUrl.optional(),
  SCRIPTORIUM_RERANK_MODEL: optional,
  SCRIPTORIUM_RERANK_KEY: optional,
  /** Longest wait for it; a search goes on without it afterwards. */
  SCRIPTORIUM_RERANK_TIMEOUT_MS: whole(50, 60_000).default(2_000),
  /** Price of a million tokens that the model reads, in hundredths of a currency. */
  SCRIPTORIUM_INPUT_PRICE_CENTS: whole(0, 10_000_000).default(0),
  /** The same for those that it writes. */
  SCRIPTORIUM_OUTPUT_PRICE_CENTS: whole(0, 10_000_000).default(0),
  /** Most tokens, read and written, that answers take in a day (UTC). */
  SCRIPTORIUM_DAILY_TOKENS: whole(1, 1_000_000_000_000).optional(),
  /** Most that answers cost in a day (UTC), by those prices. */
  SCRIPTORIUM_DAILY_COST_CENTS: whole(1, 100_000_000).optional(),
  /** Answers that a worker keeps for the same question; 0 keeps none. */
  SCRIPTORIUM_ANSWER_CACHE_ENTRIES: whole(0, 1_000_000).default(500),
  /** How long a worker gives one of them. */
  SCRIPTORIUM_ANSWER_CACHE_TTL_S: whole(1, 604_800).default(300),
  /** Answers that the store keeps for questions that mean the same; 0 keeps none. */
  SCRIPTORIUM_SEMANTIC_CACHE_ENTRIES: whole(0, 1_000_000).default(10_000),
  /** How long one of the store is given. */
  SCRIPTORIUM_SEMANTIC_CACHE_TTL_S: whole(1, 31_536_000).default(86_400),
  /** Least cosine of two questions that mean the same, in hundredths. */
  SCRIPTORIUM_SEMANTIC_SIMILARITY_PERCENT: whole(50, 100).default(95),
  /** How long an answer is given while books come that it was not made from. */
  SCRIPTORIUM_CACHE_STALENESS_S: whole(0, 604_800).default(60),
  /** Vectors of questions that a worker keeps, 1.5 KB each; 0 keeps none. */
  SCRIPTORIUM_EMBEDDING_CACHE_ENTRIES: whole(0, 1_000_000).default(10_000),
  TEMPORAL_ADDRESS: optional,
  TEMPORAL_NAMESPACE: optional,
});

/** The rule of each environment variable; docs/operations.md lists them, and a test holds it against them. */
export const settingRules = environment.shape;

export interface Config {
  readonly home: Home;
  readonly env: NodeJS.ProcessEnv;
  /** Null: the stack starts a development server of its own. */
  readonly temporalAddress: string | null;
  readonly namespace: string;
  readonly store:
    | { readonly kind: 'lancedb' }
    | { readonly kind: 'qdrant'; readonly url: string; readonly apiKey?: string };
  /** Real paths. */
  readonly roots: readonly string[];
  readonly sandbox: { readonly processes: number; readonly limits: SandboxLimits };
  readonly chunking: ChunkOptions;
  readonly embedding: { readonly threads: number; readonly chunksPerBatch: number };
  readonly answers: null | {
    readonly baseUrl?: string | undefined;
    readonly apiKey: string;
    readonly model: string;
    readonly timeoutMs: number;
    readonly prices: AnswerPrices;
    readonly caps: AnswerCaps;
  };
  readonly reranker: null | {
    readonly baseUrl: string;
    readonly model?: string | undefined;
    readonly apiKey?: string | undefined;
    readonly timeoutMs: number;
  };
  /** Time for a whole answer when the asker sets none. */
  readonly answerDeadlineMs: number;
  readonly caches: CacheLimits & { readonly embeddingEntries: number };
  /** What bounds every stage of ingestion. */
  readonly limits: StageLimits;
  readonly maxCachedWorkflows: number;
  readonly maxWorkerBytes: number;
  readonly graceMs: number;
  readonly logLevel: string;
  readonly telemetry: TelemetrySettings;
  readonly http: HttpSettings;
}

/** @throws ScriptoriumError INVALID_CONFIG naming every variable that is wrong */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = environment.safeParse(withoutBlanks(env));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.')}=${env[String(issue.path[0])] ?? ''}: ${issue.message}`,
    );
    throw new ScriptoriumError('INVALID_CONFIG', problems.join('; '));
  }
  const set = parsed.data;
  const settings: Omit<Config, 'env'> = {
    home: homeOf(env),
    temporalAddress: set.TEMPORAL_ADDRESS ?? null,
    namespace: set.TEMPORAL_NAMESPACE ?? DEFAULT_NAMESPACE,
    store: storeOf(set),
    roots: rootsOf(set.SCRIPTORIUM_LIBRARY_ROOTS, homeOf(env)),
    sandbox: { processes: set.SCRIPTORIUM_EXTRACT_PROCESSES, limits: limitsOf(set) },
    chunking: chunkingOf(set),
    embedding: { threads: set.SCRIPTORIUM_EMBED_THREADS, chunksPerBatch: set.SCRIPTORIUM_EMBED_BATCH },
    answers: answersOf(set),
    reranker: rerankerOf(set),
    answerDeadlineMs: set.SCRIPTORIUM_ANSWER_TIMEOUT_S * 1_000,
    caches: cachesOf(set),
    limits: { maxOutageMs: set.SCRIPTORIUM_MAX_OUTAGE_H * 3_600_000 },
    maxCachedWorkflows: set.SCRIPTORIUM_CACHED_WORKFLOWS,
    maxWorkerBytes: set.SCRIPTORIUM_WORKER_MEMORY_MB * MB,
    graceMs: set.SCRIPTORIUM_GRACE_S * 1_000,
    logLevel: set.SCRIPTORIUM_LOG_LEVEL,
    http: {
      address: listenAddressOf(set.SCRIPTORIUM_HTTP_ADDRESS, HTTP_RULE),
      requestsPerMinute: set.SCRIPTORIUM_HTTP_RATE,
      streams: set.SCRIPTORIUM_HTTP_STREAMS,
      corsOrigins: originsOf(set.SCRIPTORIUM_HTTP_CORS_ORIGINS),
    },
    telemetry: {
      metricsAddress: listenAddressOf(set.SCRIPTORIUM_METRICS_ADDRESS, METRICS_RULE),
      slowQueries: { thresholdMs: set.SCRIPTORIUM_SLOW_QUERY_MS, text: set.SCRIPTORIUM_SLOW_QUERY_TEXT },
    },
  };
  return Object.freeze({ ...frozen(settings), env });
}

/** The object and all that it holds. */
function frozen<T extends object>(settings: T): T {
  for (const value of Object.values(settings)) if (typeof value === 'object' && value !== null) frozen(value);
  return Object.freeze(settings);
}

/** An empty variable is one that is not set. */
function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

type Environment = z.output<typeof environment>;

function storeOf({ SCRIPTORIUM_STORE, QDRANT_URL, QDRANT_API_KEY }: Environment): Config['store'] {
  const kind = SCRIPTORIUM_STORE ?? (QDRANT_URL ? 'qdrant' : 'lancedb');
  if (kind === 'lancedb') return { kind };
  if (!QDRANT_URL)
    throw new ScriptoriumError('INVALID_CONFIG', 'SCRIPTORIUM_STORE is qdrant, and QDRANT_URL is not set');
  return { kind, url: QDRANT_URL, ...(QDRANT_API_KEY && { apiKey: QDRANT_API_KEY }) };
}

function rootsOf(list: string | undefined, { folder, uploads }: Home): readonly string[] {
  if (list === undefined) return [];
  const roots = list.split(delimiter).filter(Boolean).map(realRoot);
  // What was uploaded lies in a folder of ours, which may not be there yet.
  if (roots.length > 0)
    return [...roots, existsSync(folder) ? join(realpathSync(folder), basename(uploads)) : uploads];
  // Someone who wrote a mere separator wanted a restriction; none at all would be the opposite.
  throw new ScriptoriumError('INVALID_CONFIG', `SCRIPTORIUM_LIBRARY_ROOTS=${list} names no folder`);
}

function realRoot(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `SCRIPTORIUM_LIBRARY_ROOTS names ${path}, which does not exist`,
    );
  }
}

/** Start and end token of every chunk. */
const SPECIAL_TOKENS = 2;

/** More repeated than new would make several books of one. */
function chunkingOf(set: Environment): ChunkOptions {
  const { SCRIPTORIUM_CHUNK_TOKENS: maxTokens, SCRIPTORIUM_CHUNK_OVERLAP: overlapTokens } = set;
  const most = Math.floor((maxTokens - SPECIAL_TOKENS) / 2);
  if (overlapTokens <= most) return { maxTokens, overlapTokens };
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `SCRIPTORIUM_CHUNK_OVERLAP=${overlapTokens} is more than ${most}, the half of SCRIPTORIUM_CHUNK_TOKENS=${maxTokens}`,
  );
}

function limitsOf(set: Environment): SandboxLimits {
  return {
    maxFileBytes: set.SCRIPTORIUM_MAX_FILE_MB * MB,
    maxTextBytes: set.SCRIPTORIUM_MAX_TEXT_MB * MB,
    timeoutMs: set.SCRIPTORIUM_EXTRACT_TIMEOUT_S * 1_000,
    maxMemoryBytes: set.SCRIPTORIUM_EXTRACT_MEMORY_MB * MB,
  };
}

function cachesOf(set: Environment): Config['caches'] {
  return {
    exactEntries: set.SCRIPTORIUM_ANSWER_CACHE_ENTRIES,
    exactMaxAgeMs: set.SCRIPTORIUM_ANSWER_CACHE_TTL_S * 1_000,
    semanticEntries: set.SCRIPTORIUM_SEMANTIC_CACHE_ENTRIES,
    semanticMaxAgeMs: set.SCRIPTORIUM_SEMANTIC_CACHE_TTL_S * 1_000,
    minSimilarity: set.SCRIPTORIUM_SEMANTIC_SIMILARITY_PERCENT / 100,
    staleMs: set.SCRIPTORIUM_CACHE_STALENESS_S * 1_000,
    embeddingEntries: set.SCRIPTORIUM_EMBEDDING_CACHE_ENTRIES,
  };
}

/** A local server needs no key; OpenAI's own does. */
function answersOf(set: Environment): Config['answers'] {
  if (!set.OPENAI_MODEL) return null;
  if (!set.OPENAI_API_KEY && !set.OPENAI_BASE_URL) {
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      'OPENAI_MODEL is set, and neither OPENAI_API_KEY nor OPENAI_BASE_URL is',
    );
  }
  return {
    baseUrl: set.OPENAI_BASE_URL,
    apiKey: set.OPENAI_API_KEY ?? 'none',
    model: set.OPENAI_MODEL,
    timeoutMs: set.SCRIPTORIUM_ANSWER_TIMEOUT_S * 1_000,
    ...pricesAndCapsOf(set),
  };
}

function rerankerOf(set: Environment): Config['reranker'] {
  if (!set.SCRIPTORIUM_RERANK_URL) return null;
  return {
    baseUrl: set.SCRIPTORIUM_RERANK_URL,
    model: set.SCRIPTORIUM_RERANK_MODEL,
    apiKey: set.SCRIPTORIUM_RERANK_KEY,
    timeoutMs: set.SCRIPTORIUM_RERANK_TIMEOUT_MS,
  };
}

function pricesAndCapsOf(set: Environment): { readonly prices: AnswerPrices; readonly caps: AnswerCaps } {
  const prices = {
    inputCents: set.SCRIPTORIUM_INPUT_PRICE_CENTS,
    outputCents: set.SCRIPTORIUM_OUTPUT_PRICE_CENTS,
  };
  const caps = {
    tokensPerDay: set.SCRIPTORIUM_DAILY_TOKENS ?? null,
    centsPerDay: set.SCRIPTORIUM_DAILY_COST_CENTS ?? null,
  };
  // Without prices nothing ever costs anything, and the cap would cap nothing.
  if (caps.centsPerDay === null || prices.inputCents + prices.outputCents > 0) return { prices, caps };
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    'SCRIPTORIUM_DAILY_COST_CENTS is set, and neither SCRIPTORIUM_INPUT_PRICE_CENTS nor SCRIPTORIUM_OUTPUT_PRICE_CENTS is',
  );
}
