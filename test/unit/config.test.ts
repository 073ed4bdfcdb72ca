import { mkdir, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ScriptoriumError } from '../../activities/errors.ts';
import { homeOf } from '../../client/home.ts';
import { type Config, loadConfig } from '../../workers/config.ts';
import { sandboxProcesses } from '../../workers/sandbox-processes.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const MB = 1024 * 1024;

/** Whole numbers with their least and their greatest value, and where each is found. */
const numbers: readonly (readonly [string, number, number, (config: Config) => number])[] = [
  ['SCRIPTORIUM_MAX_FILE_MB', 1, 2_000, ({ sandbox }) => sandbox.limits.maxFileBytes / MB],
  ['SCRIPTORIUM_MAX_TEXT_MB', 1, 1_000, ({ sandbox }) => sandbox.limits.maxTextBytes / MB],
  ['SCRIPTORIUM_EXTRACT_TIMEOUT_S', 1, 3_600, ({ sandbox }) => sandbox.limits.timeoutMs / 1_000],
  ['SCRIPTORIUM_EXTRACT_MEMORY_MB', 128, 16_384, ({ sandbox }) => sandbox.limits.maxMemoryBytes / MB],
  ['SCRIPTORIUM_EXTRACT_PROCESSES', 1, 256, ({ sandbox }) => sandbox.processes],
  ['SCRIPTORIUM_EMBED_THREADS', 1, 256, ({ embedding }) => embedding.threads],
  ['SCRIPTORIUM_DEVICE_BATCH', 1, 65_536, ({ embedding }) => embedding.deviceBatch],
  ['SCRIPTORIUM_EMBED_BATCH', 1, 1_024, ({ embedding }) => embedding.chunksPerBatch ?? -1],
  ['SCRIPTORIUM_CHUNK_TOKENS', 66, 256, ({ chunking }) => chunking.maxTokens],
  ['SCRIPTORIUM_CHUNK_OVERLAP', 0, 127, ({ chunking }) => chunking.overlapTokens],
  ['SCRIPTORIUM_CACHED_WORKFLOWS', 2, 10_000, ({ maxCachedWorkflows }) => maxCachedWorkflows],
  ['SCRIPTORIUM_WORKER_MEMORY_MB', 512, 1_048_576, ({ maxWorkerBytes }) => maxWorkerBytes / 2 ** 20],
  ['SCRIPTORIUM_GRACE_S', 1, 600, ({ graceMs }) => graceMs / 1_000],
  ['SCRIPTORIUM_SLOW_QUERY_MS', 0, 600_000, ({ telemetry }) => telemetry.slowQueries.thresholdMs],
  ['SCRIPTORIUM_INPUT_PRICE_CENTS', 0, 10_000_000, ({ answers }) => answers?.prices.inputCents ?? -1],
  ['SCRIPTORIUM_OUTPUT_PRICE_CENTS', 0, 10_000_000, ({ answers }) => answers?.prices.outputCents ?? -1],
  ['SCRIPTORIUM_DAILY_TOKENS', 1, 1_000_000_000_000, ({ answers }) => answers?.caps.tokensPerDay ?? -1],
  ['SCRIPTORIUM_ANSWER_CACHE_ENTRIES', 0, 1_000_000, ({ caches }) => caches.exactEntries],
  ['SCRIPTORIUM_ANSWER_CACHE_TTL_S', 1, 604_800, ({ caches }) => caches.exactMaxAgeMs / 1_000],
  ['SCRIPTORIUM_SEMANTIC_CACHE_ENTRIES', 0, 1_000_000, ({ caches }) => caches.semanticEntries],
  ['SCRIPTORIUM_SEMANTIC_CACHE_TTL_S', 1, 31_536_000, ({ caches }) => caches.semanticMaxAgeMs / 1_000],
  ['SCRIPTORIUM_SEMANTIC_SIMILARITY_PERCENT', 50, 100, ({ caches }) => caches.minSimilarity * 100],
  ['SCRIPTORIUM_CACHE_STALENESS_S', 0, 604_800, ({ caches }) => caches.staleMs / 1_000],
  ['SCRIPTORIUM_EMBEDDING_CACHE_ENTRIES', 0, 1_000_000, ({ caches }) => caches.embeddingEntries],
  ['SCRIPTORIUM_ANSWER_TIMEOUT_S', 1, 110, ({ answers }) => (answers?.timeoutMs ?? 0) / 1_000],
];

const others = [
  'SCRIPTORIUM_DEVICE',
  'SCRIPTORIUM_MODEL_FOLDER',
  'SCRIPTORIUM_STORE',
  'QDRANT_URL',
  'QDRANT_API_KEY',
  'SCRIPTORIUM_LIBRARY_ROOTS',
  'SCRIPTORIUM_LOG_LEVEL',
  'SCRIPTORIUM_METRICS_ADDRESS',
  'SCRIPTORIUM_SLOW_QUERY_TEXT',
  'OPENAI_BASE_URL',
  'OPENAI_API_KEY',
  'OPENAI_MODEL',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'SCRIPTORIUM_HOME',
  'SCRIPTORIUM_CACHE',
] as const;

describe('the configuration of an empty environment', () => {
  test('is the documented default', () => {
    expect(loadConfig({})).toEqual({
      home: homeOf({}),
      env: {},
      temporalAddress: null,
      namespace: 'scriptorium',
      store: { kind: 'lancedb' },
      artifacts: { kind: 'folder', folder: homeOf({}).artifacts },
      roots: [],
      sandbox: {
        processes: sandboxProcesses({ workerMb: 4_096, processMb: 1_024 }),
        limits: {
          maxFileBytes: 512 << 20,
          maxTextBytes: 64 << 20,
          timeoutMs: 120_000,
          maxMemoryBytes: 1024 << 20,
        },
      },
      chunking: { maxTokens: 256, overlapTokens: 32 },
      embedding: {
        ...{ device: 'auto', deviceBatch: 1_024 },
        ...{ threads: availableParallelism(), chunksPerBatch: null, endpoint: null, folder: null },
      },
      answers: null,
      reranker: null,
      answerDeadlineMs: 60_000,
      caches: {
        ...{ exactEntries: 500, exactMaxAgeMs: 300_000, embeddingEntries: 10_000 },
        ...{ semanticEntries: 10_000, semanticMaxAgeMs: 86_400_000, minSimilarity: 0.95, staleMs: 60_000 },
      },
      limits: { maxOutageMs: 24 * 3_600_000 },
      maxCachedWorkflows: 100,
      maxWorkerBytes: 4_096 * 2 ** 20,
      graceMs: 10_000,
      logLevel: 'info',
      http: {
        address: { host: '127.0.0.1', firstPort: 8_720, lastPort: 8_819 },
        ...{ requestsPerMinute: 1_200, streams: 20, corsOrigins: [] },
        uploads: {
          ...{ maxFileBytes: 512 * 2 ** 20, maxUploadBytes: 4_096 * 2 ** 20, uploadsAtOnce: 8 },
          ...{ leastUploadRate: 8_192, uploadGraceMs: 30_000, minFreeBytes: 1_000 * 2 ** 20 },
        },
      },
      telemetry: {
        metricsAddress: { host: '127.0.0.1', firstPort: 9_464, lastPort: 9_563 },
        slowQueries: { thresholdMs: 200, text: 'plain' },
      },
    });
  });

  test.each([...numbers.map(([name]) => name), ...others])('is that of an empty %s as well', (name) => {
    const { env: _, ...settings } = loadConfig({ [name]: '' });
    const { env: __, ...defaults } = loadConfig({});
    expect(settings).toEqual(defaults);
  });

  test('cannot be changed, nor can anything in it', () => {
    const config = loadConfig({ OPENAI_MODEL: 'm', OPENAI_API_KEY: 'k' });
    const { env, ...settings } = config;
    expect(Object.isFrozen(config)).toBe(true);
    expect(thawed(settings)).toEqual([]);
    expect(Object.isFrozen(env)).toBe(false);
  });

  test('does not freeze the environment of the process', () => {
    expect(() => loadConfig(process.env)).not.toThrow();
  });
});

describe.each(numbers)('%s', (name, least, greatest, read) => {
  test.each([least - 1, greatest + 1, `${least}.5`, 'many', 'NaN', '1 2', '-1e9', 'Infinity'])(
    'may not be %s',
    (value) => {
      const error = problemOf({ [name]: String(value) });
      expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(name) });
      expect(error.message).toContain(String(value));
    },
  );

  test(`may be ${least} and ${greatest}`, () => {
    for (const value of [least, greatest])
      expect(read(loadConfig({ OPENAI_MODEL: 'm', OPENAI_API_KEY: 'k', [name]: String(value) }))).toBe(value);
  });

  test('is not set by white space', () => {
    expect(loadConfig({ [name]: '  ' }).chunking).toEqual(loadConfig({}).chunking);
  });
});

describe('a value that can’t be', () => {
  test.each([
    ['SCRIPTORIUM_STORE', 'postgres'],
    ['SCRIPTORIUM_STORE', 'LANCEDB'],
    ['SCRIPTORIUM_LOG_LEVEL', 'loud'],
    ['QDRANT_URL', 'not a url'],
    ['QDRANT_URL', 'localhost:6333'],
    ['QDRANT_URL', '/var/qdrant'],
    ['OPENAI_BASE_URL', 'localhost:8080/v1'],
    ['OPENAI_BASE_URL', 'file:///etc/passwd'],
    ['SCRIPTORIUM_LIBRARY_ROOTS', '/no/such/folder'],
    ['SCRIPTORIUM_LIBRARY_ROOTS', `${delimiter}${delimiter}`],
  ])('%s=%s is refused by name and value', (name, value) => {
    const error = problemOf({ [name]: value });
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toContain(name);
    expect(error.message).toContain(value);
  });

  test('is named with all the others', () => {
    const { message } = problemOf({
      SCRIPTORIUM_EMBED_BATCH: '0',
      QDRANT_URL: 'x',
      SCRIPTORIUM_LOG_LEVEL: 'loud',
    });
    for (const name of ['SCRIPTORIUM_EMBED_BATCH', 'QDRANT_URL', 'SCRIPTORIUM_LOG_LEVEL'])
      expect(message).toContain(name);
  });

  test('may be one that another makes impossible', () => {
    const { message } = problemOf({ SCRIPTORIUM_CHUNK_TOKENS: '64', SCRIPTORIUM_CHUNK_OVERLAP: '32' });
    expect(message).toContain('SCRIPTORIUM_CHUNK_TOKENS=64');
    expect(message).toContain('SCRIPTORIUM_CHUNK_OVERLAP=32');
  });
});

describe('another model', () => {
  test('is named by its folder, with the words that it wants', () => {
    const { embedding } = loadConfig({
      ...{ SCRIPTORIUM_MODEL_FOLDER: '/models/e5', SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX: 'query: ' },
    });
    expect(embedding.folder).toEqual({
      path: '/models/e5',
      prefixes: { question: 'query: ', passage: undefined },
    });
  });

  test('may take longer chunks than the default one', () => {
    const long = { SCRIPTORIUM_CHUNK_TOKENS: '512' };
    expect(problemOf(long).message).toContain('all-MiniLM-L6-v2');
    expect(loadConfig({ ...long, SCRIPTORIUM_MODEL_FOLDER: '/m' }).chunking.maxTokens).toBe(512);
  });

  test.each(['URL', 'MODEL', 'KEY'])('is no endpoint as well: %s', (name) => {
    const value = name === 'URL' ? 'http://e/v1' : 'e';
    const { message } = problemOf({
      SCRIPTORIUM_MODEL_FOLDER: '/m',
      [`SCRIPTORIUM_EMBEDDINGS_${name}`]: value,
    });
    expect(message).toContain('SCRIPTORIUM_MODEL_FOLDER');
    expect(message).toContain('unset');
  });

  test.each([
    ['SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX', 'query: '],
    ['SCRIPTORIUM_EMBEDDINGS_PASSAGE_PREFIX', 'passage: '],
    ['SCRIPTORIUM_EMBEDDINGS_DIMENSIONS', '384'],
  ])('%s is refused where nothing would heed it', (name, value) => {
    const error = problemOf({ SCRIPTORIUM_MODEL: '/e5.onnx', [name]: value });
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(name) });
    expect(() => loadConfig({ [name]: ' ' })).not.toThrow();
  });
});

describe('the store', () => {
  test('is Qdrant where its URL is set, with its key', () => {
    expect(loadConfig({ QDRANT_URL: 'http://q:6333' }).store).toEqual({
      kind: 'qdrant',
      url: 'http://q:6333',
    });
    expect(loadConfig({ QDRANT_URL: 'https://q', QDRANT_API_KEY: 'k' }).store).toEqual({
      kind: 'qdrant',
      url: 'https://q',
      apiKey: 'k',
    });
  });

  test('is LanceDB where that is chosen, even with a URL of Qdrant', () => {
    expect(loadConfig({ SCRIPTORIUM_STORE: 'lancedb', QDRANT_URL: 'http://q' }).store).toEqual({
      kind: 'lancedb',
    });
  });

  test('can’t be Qdrant without a URL', () => {
    expect(problemOf({ SCRIPTORIUM_STORE: 'qdrant' }).message).toContain('QDRANT_URL');
  });
});

describe('an embedding endpoint', () => {
  const given = {
    SCRIPTORIUM_EMBEDDINGS_URL: 'http://localhost:8080/v1',
    SCRIPTORIUM_EMBEDDINGS_MODEL: 'a/model',
  };
  const endpointOf = (env: NodeJS.ProcessEnv) => loadConfig(env).embedding.endpoint;

  test('needs a model, and an address or a key', () => {
    expect(endpointOf({})).toBeNull();
    for (const [name, value] of Object.entries(given))
      expect(() => endpointOf({ [name]: value })).toThrow(/An embedding endpoint is set, and SCRIPTORIUM_/);
    expect(endpointOf(given)).toMatchObject({ apiKey: 'none', model: 'a/model', timeoutMs: 30_000 });
    const hosted = { SCRIPTORIUM_EMBEDDINGS_MODEL: 'a/model', SCRIPTORIUM_EMBEDDINGS_KEY: 'secret' };
    expect(endpointOf(hosted)).toMatchObject({ apiKey: 'secret', baseUrl: undefined });
  });

  test('keeps the space behind a prefix', () => {
    const prefixes = { SCRIPTORIUM_EMBEDDINGS_QUERY_PREFIX: 'query: ' };
    expect(endpointOf({ ...given, ...prefixes })?.prefixes).toEqual({ question: 'query: ', passage: '' });
  });
});

describe('what answers may cost', () => {
  const model = { OPENAI_MODEL: 'm', OPENAI_API_KEY: 'k' };

  test('is capped by tokens, or by prices that are set', () => {
    const set = { SCRIPTORIUM_DAILY_COST_CENTS: '500', SCRIPTORIUM_OUTPUT_PRICE_CENTS: '60' };
    expect(loadConfig({ ...model, ...set }).answers).toMatchObject({
      prices: { inputCents: 0, outputCents: 60 },
      caps: { tokensPerDay: null, centsPerDay: 500 },
    });
  });

  test('can’t be capped without a price', () => {
    const error = problemOf({ ...model, SCRIPTORIUM_DAILY_COST_CENTS: '500' });
    expect(error).toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('SCRIPTORIUM_INPUT_PRICE_CENTS'),
    });
  });
});

describe('the answer model', () => {
  test('is at OpenAI with a key, or anywhere without one', () => {
    expect(loadConfig({ OPENAI_MODEL: 'm', OPENAI_API_KEY: 'k' }).answers).toMatchObject({
      apiKey: 'k',
      model: 'm',
      timeoutMs: 60_000,
    });
    const local = { OPENAI_MODEL: 'm', OPENAI_BASE_URL: 'http://localhost:11434/v1' };
    expect(loadConfig(local).answers).toMatchObject({ baseUrl: local.OPENAI_BASE_URL, apiKey: 'none' });
  });

  test('is none, as long as none is named', () => {
    expect(loadConfig({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://localhost' }).answers).toBeNull();
  });

  test('needs a key or an address', () => {
    expect(problemOf({ OPENAI_MODEL: 'm' }).message).toMatch(/OPENAI_API_KEY.*OPENAI_BASE_URL/);
  });
});

describe('the place of intermediate files', () => {
  const artifactsOf = (place: string, more: NodeJS.ProcessEnv = {}) =>
    loadConfig({ SCRIPTORIUM_ARTIFACTS: place, ...more }).artifacts;

  test('is a folder by its path', () => {
    expect(artifactsOf('/mnt/shared/artifacts')).toEqual({ kind: 'folder', folder: '/mnt/shared/artifacts' });
  });

  test.each([
    ['s3://books', 'books', ''],
    ['s3://books/', 'books', ''],
    ['s3://my.books-1/a/b', 'my.books-1', 'a/b/'],
    ['s3://books/a/b/', 'books', 'a/b/'],
  ])('is %s: the bucket %s and the prefix %j', (place, bucket, prefix) => {
    expect(artifactsOf(place)).toMatchObject({ kind: 's3', bucket, prefix, timeoutMs: 30_000 });
  });

  test.each(['artifacts', 's3:/books', 's3://', 's3://B', 's3:///a', 'http://books/a'])(
    'is not %j',
    (place) => {
      expect(problemOf({ SCRIPTORIUM_ARTIFACTS: place }).message).toContain('SCRIPTORIUM_ARTIFACTS');
    },
  );

  test('has the address that is meant for S3, and a region where that address needs none', () => {
    expect(artifactsOf('s3://books')).toMatchObject({
      endpoint: undefined,
      region: undefined,
      pathStyle: false,
    });
    const general = { AWS_ENDPOINT_URL: 'http://localhost:9000' };
    expect(artifactsOf('s3://books', general)).toMatchObject({
      ...{ endpoint: 'http://localhost:9000', region: 'us-east-1', pathStyle: true },
    });
    const special = { AWS_ENDPOINT_URL_S3: 'https://s3.eu-west-1.amazonaws.com', AWS_REGION: 'eu-west-1' };
    expect(artifactsOf('s3://books', { ...general, ...special })).toMatchObject({
      ...{ endpoint: special.AWS_ENDPOINT_URL_S3, region: 'eu-west-1', pathStyle: false },
    });
  });

  test.each([
    ['on', {}, true],
    ['off', { AWS_ENDPOINT_URL: 'http://localhost:9000' }, false],
  ])('takes path style %s from the setting', (style, more, pathStyle) => {
    expect(artifactsOf('s3://books', { SCRIPTORIUM_S3_PATH_STYLE: style, ...more })).toMatchObject({
      pathStyle,
    });
  });
});

describe('library roots', () => {
  test('are real paths, as many as are named, and the folder of uploads', async () => {
    await using folder = await tempFolder();
    await mkdir(join(folder.path, 'a'));
    await mkdir(join(folder.path, 'b c'));
    await symlink(join(folder.path, 'b c'), join(folder.path, 'link'));
    const SCRIPTORIUM_LIBRARY_ROOTS = ['a', 'link'].map((name) => join(folder.path, name)).join(delimiter);
    await symlink(folder.path, join(folder.path, 'home'));
    const env = { SCRIPTORIUM_LIBRARY_ROOTS, SCRIPTORIUM_HOME: join(folder.path, 'home') };
    expect(loadConfig(env).roots).toEqual(['a', 'b c', 'uploads'].map((name) => join(folder.path, name)));
  });

  test('are absolute, whatever way they are named', () => {
    expect(loadConfig({ SCRIPTORIUM_LIBRARY_ROOTS: '.' }).roots.every(isAbsolute)).toBe(true);
  });
});

test('the home folder is absolute, and holds all state', () => {
  const { home } = loadConfig({ SCRIPTORIUM_HOME: 'somewhere', SCRIPTORIUM_CACHE: '/var/cache/x' });
  expect(home.folder).toBe(join(process.cwd(), 'somewhere'));
  expect(home.cache).toBe('/var/cache/x');
  for (const path of [home.stackFile, home.temporalDb, home.store, home.artifacts, home.logs])
    expect(path.startsWith(home.folder)).toBe(true);
});

function problemOf(env: NodeJS.ProcessEnv): ScriptoriumError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ScriptoriumError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(env)} was accepted`);
}

/** The names of what can be changed. */
function thawed(settings: object, at = ''): string[] {
  const below = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null ? thawed(value, `${at}.${name}`) : [],
  );
  return Object.isFrozen(settings) || at === '' ? below : [at, ...below];
}

describe('SCRIPTORIUM_METRICS_ADDRESS', () => {
  const addressOf = (value: string) =>
    loadConfig({ SCRIPTORIUM_METRICS_ADDRESS: value }).telemetry.metricsAddress;

  test('is one address, a free port of a host, or none at all', () => {
    expect(addressOf('0.0.0.0:9000')).toEqual({ host: '0.0.0.0', firstPort: 9_000, lastPort: 9_000 });
    expect(addressOf('localhost:0')).toEqual({ host: 'localhost', firstPort: 0, lastPort: 0 });
    expect(addressOf('[::1]:9464')).toEqual({ host: '::1', firstPort: 9_464, lastPort: 9_464 });
    expect(addressOf('off')).toBeNull();
  });

  test.each(['9464', 'localhost', 'localhost:', ':9464', 'localhost:65536', 'localhost:x', 'on'])(
    'may not be %s',
    (value) => {
      expect(problemOf({ SCRIPTORIUM_METRICS_ADDRESS: value })).toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(value),
      });
    },
  );
});
