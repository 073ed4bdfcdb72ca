/** The addresses of the server, one function each. */
import { addressOf, request } from './request.ts';
import type {
  BookDetail,
  BookPage,
  BooksQuery,
  ChunkPage,
  FailurePage,
  FailuresQuery,
  IndexBody,
  Job,
  Libraries,
  PageOfBook,
  Readiness,
  RemovedBook,
  Run,
  RunAction,
  RunActionBody,
  RunList,
  SearchBody,
  SearchResult,
  SlowQuestions,
  Steered,
  WhoAmI,
} from './types.ts';

type Signal = AbortSignal | undefined;

const api = (path: string, query: Readonly<Record<string, string | number | undefined>> = {}): string =>
  addressOf(`api/v1/${path}`, query);
const id = encodeURIComponent;

export const whoAmI = (signal?: Signal): Promise<WhoAmI> => request(api('whoami'), { signal });

export const readiness = (signal?: Signal): Promise<Readiness> =>
  request(addressOf('health/ready'), { signal, alsoGood: 503 });

// ── books ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const libraries = (signal?: Signal): Promise<Libraries> => request(api('libraries'), { signal });

export const books = (
  { library, state, title, after, limit }: BooksQuery,
  signal?: Signal,
): Promise<BookPage> =>
  request(api('books', { library, state, title, after, limit: Number(limit ?? 50) }), { signal });

export const book = (bookId: string, signal?: Signal): Promise<BookDetail> =>
  request(api(`books/${id(bookId)}`), { signal });

export const removeBook = (bookId: string): Promise<RemovedBook> =>
  request(api(`books/${id(bookId)}`), { method: 'DELETE' });

export const pageOfBook = (bookId: string, n: number, signal?: Signal): Promise<PageOfBook> =>
  request(api(`books/${id(bookId)}/pages/${n}`), { signal });

export const chunksOfBook = (bookId: string, after: number, signal?: Signal): Promise<ChunkPage> =>
  request(api(`books/${id(bookId)}/chunks`, { after }), { signal });

export const failures = ({ library, after, limit }: FailuresQuery, signal?: Signal): Promise<FailurePage> =>
  request(api('failures', { library, after, limit: Number(limit) }), { signal });

// ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────

export const queryAddress = (): string => api('query');

export const search = (body: SearchBody, signal?: Signal): Promise<SearchResult> =>
  request(api('search'), { method: 'POST', body, signal });

export const slowQuestions = (signal?: Signal): Promise<SlowQuestions> =>
  request(api('slow-questions'), { signal });

// ── ingestion ───────────────────────────────────────────────────────────────────────────────────────────────────

export const uploadAddress = (library: string): string => api('index', { library });

/** The same idempotency key with the same paths is one job, however often it is sent. */
export const ingest = (body: IndexBody, idempotencyKey: string): Promise<Job> =>
  request(api('index'), { method: 'POST', body, headers: { 'Idempotency-Key': idempotencyKey } });

export const job = (jobId: string, signal?: Signal): Promise<Job> =>
  request(api(`status/${id(jobId)}`), { signal });

export const runs = (signal?: Signal): Promise<RunList> => request(api('runs'), { signal });

export const latestRun = (library: string, signal?: Signal): Promise<Run> =>
  request(api(`runs/${id(library)}`), { signal });

export const steer = <A extends RunAction>(
  library: string,
  action: A,
  body: RunActionBody<A>,
): Promise<Steered> => request(api(`runs/${id(library)}/${action}`), { method: 'POST', body });
