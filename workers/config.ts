/** Every setting: environment → schema → frozen object. Units are in the names. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { EndpointEmbedderOptions } from '../activities/adapters/endpoint/endpoint-embedder.ts';
import type { WantedDevice } from '../activities/adapters/onnx/device-choice.ts';
import type { AnswerCaps, AnswerPrices } from '../activities/answer-budget.ts';
import type { StageLimits } from '../activities/attempt.ts';
import type { CacheLimits } from '../activities/cache/answer-caches.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import type { ChunkOptions, SandboxLimits } from '../activities/ports/documents.ts';
import { existingCluster } from '../client/connection.ts';
import { type Home, homeOf } from '../client/home.ts';
import { DEFAULT_NAMESPACE } from '../client/stack-state.ts';
import { type ArtifactSettings, artifactSettings } from './artifacts.ts';
import {
  embeddingEndpointOf,
  type ModelFolder,
  modelFolderOf,
  refuseIdleSettings,
} from './embedding-settings.ts';
import { type Environment, environment } from './environment.ts';
import { HTTP_RULE, type HttpSettings, originsOf, uploadLimitsOf } from './http/settings.ts';
import { listenAddressOf } from './listen-address.ts';
import { minilm } from './model/minilm.ts';
import { sandboxProcesses } from './sandbox-processes.ts';
import { METRICS_RULE, type TelemetrySettings } from './telemetry/settings.ts';

const MB = 1024 * 1024;

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
  readonly artifacts: ArtifactSettings;
  /** Real paths. */
  readonly roots: readonly string[];
  readonly sandbox: { readonly processes: number; readonly limits: SandboxLimits };
  readonly chunking: ChunkOptions;
  readonly embedding: {
    readonly device: WantedDevice;
    /** Most texts of full length that a GPU is given at once. */
    readonly deviceBatch: number;
    readonly threads: number;
    /** Null: as many as the embedder wants. */
    readonly chunksPerBatch: number | null;
    /** Null: the model in this process. */
    readonly endpoint: EndpointEmbedderOptions | null;
    /** Null: all-MiniLM-L6-v2. */
    readonly folder: ModelFolder | null;
  };
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
  refuseIdleSettings(set);
  const cluster = existingCluster(env);
  const settings: Omit<Config, 'env'> = {
    home: homeOf(env),
    temporalAddress: cluster?.address ?? null,
    namespace: cluster?.namespace ?? set.TEMPORAL_NAMESPACE ?? DEFAULT_NAMESPACE,
    store: storeOf(set),
    artifacts: artifactSettings(set, homeOf(env).artifacts),
    roots: rootsOf(set.SCRIPTORIUM_LIBRARY_ROOTS, homeOf(env)),
    sandbox: { processes: processesOf(set), limits: limitsOf(set) },
    chunking: chunkingOf(set),
    embedding: {
      device: set.SCRIPTORIUM_DEVICE,
      deviceBatch: set.SCRIPTORIUM_DEVICE_BATCH,
      threads: set.SCRIPTORIUM_EMBED_THREADS,
      chunksPerBatch: set.SCRIPTORIUM_EMBED_BATCH ?? null,
      endpoint: embeddingEndpointOf(set),
      folder: modelFolderOf(set),
    },
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
      uploads: uploadLimitsOf(set),
    },
    telemetry: {
      metricsAddress: listenAddressOf(set.SCRIPTORIUM_METRICS_ADDRESS, METRICS_RULE),
      slowQueries: { thresholdMs: set.SCRIPTORIUM_SLOW_QUERY_MS, text: set.SCRIPTORIUM_SLOW_QUERY_TEXT },
    },
  };
  return Object.freeze({ ...frozen(settings), env });
}

function processesOf(set: Environment): number {
  const limits = { workerMb: set.SCRIPTORIUM_WORKER_MEMORY_MB, processMb: set.SCRIPTORIUM_EXTRACT_MEMORY_MB };
  return set.SCRIPTORIUM_EXTRACT_PROCESSES ?? sandboxProcesses(limits);
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
  const isOtherModel = set.SCRIPTORIUM_MODEL_FOLDER || set.SCRIPTORIUM_EMBEDDINGS_MODEL;
  if (!isOtherModel && maxTokens > minilm.maxTokens)
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `SCRIPTORIUM_CHUNK_TOKENS=${maxTokens} is more than the ${minilm.maxTokens} tokens that ${minilm.name} takes`,
    );
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
