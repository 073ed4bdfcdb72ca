/** The rule of each environment variable. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';

const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high);
const optional = z.string().optional();
/** `localhost:6333` would be a URL too, of the protocol `localhost`. */
const httpUrl = z.url({
  protocol: /^https?$/,
  error: 'it must be a URL that begins with http:// or https://',
});

export const environment = z.object({
  /** Vector store: `lancedb` in the worker's process, or `qdrant`. Default: lancedb, or qdrant when QDRANT_URL is set. */
  SCRIPTORIUM_STORE: z.enum(['lancedb', 'qdrant']).optional(),
  QDRANT_URL: httpUrl.optional(),
  QDRANT_API_KEY: optional,
  /** Where intermediate files are kept: a folder, or `s3://bucket/prefix`. Default: a folder of SCRIPTORIUM_HOME. */
  SCRIPTORIUM_ARTIFACTS: optional,
  /** Longest silence of the object storage in one request. */
  SCRIPTORIUM_ARTIFACTS_TIMEOUT_S: whole(1, 600).default(30),
  /** Whether the bucket stands in the path of an address; `auto`: where the address is not Amazon's own. */
  SCRIPTORIUM_S3_PATH_STYLE: z.enum(['auto', 'on', 'off']).default('auto'),
  /** Address of S3, where it is not Amazon's. */
  AWS_ENDPOINT_URL: httpUrl.optional(),
  AWS_ENDPOINT_URL_S3: httpUrl.optional(),
  AWS_REGION: optional,
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
  /**
   * Sandbox processes at once. Reading is 20 times faster than embedding on a CPU, so there is mostly one; one is started where books wait.
   * Default: as many as there are cores and memory for, see `sandboxProcesses`.
   */
  SCRIPTORIUM_EXTRACT_PROCESSES: whole(1, 256).optional(),
  /** What embeds: `auto` is the fastest that works. */
  SCRIPTORIUM_DEVICE: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
  /** Most texts of full length that a GPU is given at once. */
  SCRIPTORIUM_DEVICE_BATCH: whole(1, 65_536).default(1_024),
  /** Embedding threads, a core each. */
  SCRIPTORIUM_EMBED_THREADS: whole(1, 256).default(availableParallelism()),
  /** Chunks embedded between two checkpoints. Default: what the embedder wants, `Embedder.chunksAtOnce`. */
  SCRIPTORIUM_EMBED_BATCH: whole(1, 1_024).optional(),
  /** Folder of a sentence-transformer as its publisher gives it, instead of all-MiniLM-L6-v2. */
  SCRIPTORIUM_MODEL_FOLDER: optional,
  /** Endpoint of embeddings as OpenAI has them, instead of the model in this process; what comes before `/embeddings`. */
  SCRIPTORIUM_EMBEDDINGS_URL: httpUrl.optional(),
  SCRIPTORIUM_EMBEDDINGS_KEY: optional,
  SCRIPTORIUM_EMBEDDINGS_MODEL: optional,
  /** Length of a vector that it is asked for; else the model's own. */
  SCRIPTORIUM_EMBEDDINGS_DIMENSIONS: whole(1, 16_384).optional(),
  /** Longest text in tokens that the model takes. */
  SCRIPTORIUM_EMBEDDINGS_MAX_TOKENS: whole(32, 131_072).default(512),
  /** Words that the model wants before a question, and before a passage, such as `query: `. */
  SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX: optional,
  SCRIPTORIUM_EMBEDDINGS_PASSAGE_PREFIX: optional,
  SCRIPTORIUM_EMBEDDINGS_TEXTS: whole(1, 2_048).default(32),
  SCRIPTORIUM_EMBEDDINGS_REQUESTS: whole(1, 1_024).default(4),
  /** Longest wait for one request. */
  SCRIPTORIUM_EMBEDDINGS_TIMEOUT_S: whole(1, 600).default(30),
  /** Largest chunk in tokens, and no more than the model takes: all-MiniLM-L6-v2 256. */
  SCRIPTORIUM_CHUNK_TOKENS: whole(32, 2_048).default(256),
  /** Tokens repeated from the chunk before. */
  SCRIPTORIUM_CHUNK_OVERLAP: whole(0, 128).default(32),
  /** Workflows kept in memory, about 1 MB each. */
  SCRIPTORIUM_CACHED_WORKFLOWS: whole(2, 10_000).default(100),
  /** Memory at which a worker process is drained and replaced; mapped files and the sandbox's processes are not counted. */
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
  /** Uploads of one API key that come in at once. */
  SCRIPTORIUM_HTTP_UPLOADS: whole(1, 10_000).default(8),
  /** Largest upload, all its files together. */
  SCRIPTORIUM_HTTP_UPLOAD_MB: whole(1, 1_048_576).default(4_096),
  /** Slowest upload, on the average of all of it, in KB a second. */
  SCRIPTORIUM_HTTP_UPLOAD_KB_S: whole(0, 1_000_000).default(8),
  /** What uploads leave free of the disk. */
  SCRIPTORIUM_HTTP_FREE_MB: whole(0, 1_048_576).default(1_000),
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

export type Environment = z.output<typeof environment>;
