/** The HTTP server over a service that answers from a script, with keys that are written down here. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino, stdSerializers } from 'pino';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { App, ServerParts } from '../../client/http/app.ts';
import type { HttpLimits, UploadLimits } from '../../client/http/limits.ts';
import type { KnownKey } from '../../client/http/principal.ts';
import { createHttpServer } from '../../client/http/server.ts';
import type { Service } from '../../client/http/service.ts';
import { UploadFolder } from '../../client/http/uploads.ts';
import type { LibraryJob } from '../../client/jobs.ts';
import type { Answer, BookSummary } from '../../workflows/result-contract.ts';
import { tempFolder } from './temp-folder.ts';

export const BOOK_ID = '6f2a1de2-7d3f-5c57-9f0d-0a4f5a3a9b11';
export const JOB_UUID = '0b0e3a52-7e0a-4d44-9d8e-2a1df0f1ad7a';

export const cannedAnswer: Answer = {
  ...{ answer: 'Agnes kept it [1].', droppedCitations: [], mode: 'extractive', timings: { search: 3 } },
  workflowId: 'answerQuestion/1',
  citations: [
    {
      ...{
        n: 1,
        title: 'Lights',
        author: null,
        page: { start: 3, end: 3 },
        section: [],
        path: '/books/a.pdf',
      },
      ...{ bookId: BOOK_ID, chunkId: 'c1', quote: 'Agnes kept the lamp.' },
    },
  ],
};

export const cannedBook: BookSummary = {
  ...{ bookId: BOOK_ID, library: 'sea', path: '/books/a.pdf', title: '<script>alert(1)</script>' },
  ...{ author: null, state: 'ingested', pages: 3, chunks: 4, revision: 'r1', failure: null },
};

export interface ServerOptions {
  readonly keys?: Readonly<Record<string, KnownKey>>;
  readonly service?: Partial<Service>;
  readonly limits?: Partial<HttpLimits & UploadLimits>;
  readonly parts?: Partial<Pick<ServerParts, 'open' | 'metrics' | 'dashboard' | 'slowQuestions' | 'mcp'>>;
  readonly rootsSet?: boolean;
  readonly logLevel?: string;
}

export interface TestServer extends AsyncDisposable {
  readonly app: App;
  /** What was asked of the service, by method. */
  readonly asked: { readonly method: string; readonly args: readonly unknown[] }[];
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  readonly uploads: string;
  /** Listens on a free port of this machine, which it gives. */
  listen(): Promise<number>;
  /** Every file below the folder of uploads. */
  files(): Promise<readonly string[]>;
}

export async function testServer(options: ServerOptions = {}): Promise<TestServer> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const uploads = join(folder.path, 'uploads');
  const { keys = {}, limits, parts, rootsSet = false, logLevel = 'info' } = options;
  const asked: { method: string; args: readonly unknown[] }[] = [];
  const lines: Record<string, unknown>[] = [];
  const all: HttpLimits & UploadLimits = {
    ...{ requestsPerMinute: 1_000, streams: 2, corsOrigins: [] },
    ...{ maxFileBytes: 100_000, maxUploadBytes: 1_000_000, uploadsAtOnce: 2, minFreeBytes: 0 },
    ...{ leastUploadRate: 0, uploadGraceMs: 30_000, ...limits },
  };
  const uploadFolder = opened.use(new UploadFolder({ folder: uploads, limits: all, sniff }));
  await uploadFolder.open();
  const app = await createHttpServer({
    service: watched({ ...canned, ...options.service }, asked),
    keys: {
      isEmpty: async () => Object.keys(keys).length === 0,
      find: async (presented) => keys[presented] ?? null,
    },
    mcp: {
      handleMcp: async () => {},
      endSessionsOf: async () => {},
      sessions: 0,
      [Symbol.asyncDispose]: async () => {},
    },
    ...{ uploads: uploadFolder, limits: all, slowQuestions: () => [], version: '1.2.3' },
    ...{
      open: true,
      serverPaths: { rootsSet, uploads },
      metrics: async () => 'up 1\n',
      dashboard: null,
      ...parts,
    },
    logger: pino(
      { level: logLevel, serializers: { error: stdSerializers.err } },
      { write: (line) => void lines.push(JSON.parse(line)) },
    ),
  });
  opened.defer(() => app.close());
  await app.ready();
  const owned = opened.move();
  return {
    ...{ app, asked, lines, uploads },
    listen: async () => Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port),
    files: async () =>
      (await readdir(uploads, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(uploads.length + 1)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** By the first letters of the content. */
async function sniff(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const text = (await readFile(path)).toString('latin1', 0, 8);
  if (text.startsWith('%PDF-')) return 'pdf';
  if (text === '') throw new ScriptoriumError('EMPTY_FILE', `"${path}" has 0 bytes.`);
  if (text.startsWith('\u007fELF'))
    throw new ScriptoriumError('UNSUPPORTED_FORMAT', `"${path}" is a program`);
  return 'text';
}

export function jobOf(library: string, paths: readonly string[]): LibraryJob {
  return {
    ...{ id: JOB_UUID, jobId: `${library}~${JOB_UUID}`, library, paths, parallel: 5, state: 'waiting' },
    ...{ before: 0, acceptedAtMs: 1, endedAtMs: null, result: null, failure: null },
  };
}

const canned: Service = {
  ask: async (_, { onText } = {}) => {
    onText?.('Agnes');
    onText?.('Agnes kept it.');
    return cannedAnswer;
  },
  search: async () => ({ hits: [], timings: { dense: 1 } }),
  libraries: async () => ['law', 'sea'],
  books: async () => ({ books: [cannedBook], next: null }),
  book: async (bookId) => {
    if (bookId !== BOOK_ID) throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
    const { failure: _, ...book } = cannedBook;
    const rest = { format: 'pdf', sha256: 'ab', bytes: 9, mtimeMs: 1, points: 4, updatedAtMs: 2 };
    return { ...book, ...rest, failure: null };
  },
  page: async (bookId, n) => ({ bookId, n, of: 3, page: n, section: [], text: 'Agnes kept the lamp.' }),
  chunks: async () => ({ chunks: [], next: null }),
  remove: async (bookId) => ({ bookId, library: 'sea', path: '/books/a.pdf', title: null, points: 4 }),
  explain: async () => {
    throw new ScriptoriumError('BOOK_NOT_FOUND', 'nothing');
  },
  assertRoom: async () => {},
  addJob: async (library, paths) => jobOf(library, paths),
  job: async (jobId) => ({ ...jobOf(jobId.split('~')[0] ?? '', []), state: 'done', endedAtMs: 5 }),
  runs: async () => [],
  run: async (library) => {
    throw new ScriptoriumError('NO_RUN', `There is no run ingest/${library}`);
  },
  steer: async () => ({ state: 'paused', parallel: 5, books: 0 }),
  parts: async () => [{ name: 'temporal', healthy: true, detail: 'answers' }],
};

function watched(service: Service, asked: { method: string; args: readonly unknown[] }[]): Service {
  return new Proxy(service, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        asked.push({ method: String(name), args });
        return Reflect.apply(method, target, args);
      };
    },
  });
}
