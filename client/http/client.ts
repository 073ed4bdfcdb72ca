/**
 * A small client of the HTTP API, for Node.js, Deno, Bun and browsers: no native code, and every type from the OpenAPI
 * document.
 */
import createClient, { type Client } from 'openapi-fetch';
import { readEvents } from './events.ts';
import type { components, paths } from './schema.ts';

type Schemas = components['schemas'];
export type Answer = Schemas['Answer'];
export type Book = Schemas['Book'];
export type Job = Schemas['Job'];
export type Problem = Schemas['Problem'];
export type Query = Schemas['QueryInput'];
export type Search = Schemas['SearchInput'];
export type SearchResult = Schemas['SearchResult'];

export interface HttpClientOptions {
  /** Of the server, such as http://127.0.0.1:8720, or https://host/books behind a proxy. */
  readonly url: string;
  /** Made by `scriptorium keys add`; none where the server wants none. */
  readonly apiKey?: string;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Gives up the call. */
  readonly signal?: AbortSignal;
}

export type AnswerEvent =
  | { readonly kind: 'stage'; readonly stage: 'searching' | 'writing' }
  /** The whole text so far; its citations are not checked yet. */
  | { readonly kind: 'text'; readonly text: string }
  /** The last one. */
  | { readonly kind: 'answer'; readonly answer: Answer };

/** A refusal of the server, with its problem document (RFC 9457). */
export class ScriptoriumHttpError extends Error {
  readonly problem: Problem;
  /** Seconds to wait before the same request is worth sending again; null where the server did not say. */
  readonly retryAfterS: number | null;

  constructor(problem: Problem, retryAfterS: number | null = null) {
    super(`${problem.code}: ${problem.detail}. ${problem.remedy}`);
    this.name = 'ScriptoriumHttpError';
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  /** Of the registry of failures, such as LIBRARY_NOT_FOUND. */
  get code(): string {
    return this.problem.code;
  }
}

/**
 * @example
 * const library = new ScriptoriumHttpClient({ url: 'http://127.0.0.1:8720' });
 * for await (const event of library.askStream({ question: 'Who kept the lamp?' }))
 *   if (event.kind === 'answer') console.log(event.answer.answer, event.answer.citations);
 */
export class ScriptoriumHttpClient {
  /** Every address, typed; it throws nothing, and gives `data` or `error`. */
  readonly api: Client<paths>;
  readonly #options: HttpClientOptions;
  /** Every path begins with a slash. */
  readonly #base: string;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, '');
    this.api = createClient<paths>({
      baseUrl: this.#base,
      headers: this.#headersWith({}),
      ...(options.fetch && { fetch: options.fetch }),
    });
  }

  /** @throws ScriptoriumHttpError, and TypeError where the server is not reached */
  async ask(query: Query, { signal }: CallOptions = {}): Promise<Answer> {
    const response = await this.#fetch('/api/v1/query', {
      ...{ method: 'POST', headers: this.#headersWith(JSON_TYPE), body: JSON.stringify(query) },
      ...(signal && { signal }),
    });
    return await bodyOf<Answer>(response);
  }

  /**
   * The stages of an answer and its text as it is written. Leaving the loop closes the stream.
   * @throws ScriptoriumHttpError, and TypeError where the server is not reached
   */
  async *askStream(query: Query, options: CallOptions = {}): AsyncGenerator<AnswerEvent, void> {
    for await (const { event, data } of this.#events('POST', '/api/v1/query', query, options)) {
      if (event === 'problem') throw new ScriptoriumHttpError(believed<Problem>(data));
      if (event === 'stage') yield { kind: event, ...believed<{ stage: 'searching' | 'writing' }>(data) };
      if (event === 'text') yield { kind: event, ...believed<{ text: string }>(data) };
      if (event !== 'answer') continue;
      yield { kind: event, answer: believed<Answer>(data) };
      return;
    }
    throw brokenOff('the answer');
  }

  /** @throws ScriptoriumHttpError, and TypeError where the server is not reached */
  async search(search: Search, { signal }: CallOptions = {}): Promise<SearchResult> {
    return given(await this.api.POST('/api/v1/search', { body: search, ...(signal && { signal }) }));
  }

  /**
   * Hands books in; they are kept, and ingested whatever happens to the server after this.
   * @param files of a form, a drop, or `new File([bytes], 'name.pdf')`
   */
  async upload(
    files: readonly File[],
    { library, signal }: CallOptions & { readonly library?: string } = {},
  ): Promise<Job> {
    const form = new FormData();
    for (const file of files) form.append('file', file, file.name);
    const query = library === undefined ? '' : `?library=${encodeURIComponent(library)}`;
    const response = await this.#fetch(`/api/v1/index${query}`, {
      ...{ method: 'POST', headers: this.#headersWith({}), body: form },
      ...(signal && { signal }),
    });
    return await bodyOf<Job>(response);
  }

  /** A job again and again, as it goes on; the last one has ended. Leaving the loop closes the stream. */
  async *watch(jobId: string, options: CallOptions = {}): AsyncGenerator<Job, void> {
    const path = `/api/v1/status/${encodeURIComponent(jobId)}`;
    for await (const { event, data } of this.#events('GET', path, undefined, options)) {
      if (event === 'problem') throw new ScriptoriumHttpError(believed<Problem>(data));
      const job = believed<Job>(data);
      yield job;
      if (job.endedAtMs !== null) return;
    }
    throw brokenOff('the end of the job, which goes on; watch it again');
  }

  /** The books of the server, or of a library, page by page. */
  async *books(filter: { readonly library?: string } = {}): AsyncGenerator<Book, void> {
    for (let after: string | undefined; ; ) {
      const query = { ...filter, ...(after !== undefined && { after }) };
      const page = given(await this.api.GET('/api/v1/books', { params: { query } }));
      yield* page.books;
      if (page.next === null) return;
      after = page.next;
    }
  }

  #headersWith(more: Readonly<Record<string, string>>): Record<string, string> {
    const { apiKey } = this.#options;
    return { ...more, ...(apiKey !== undefined && { 'X-API-Key': apiKey }) };
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    const { fetch: own = fetch } = this.#options;
    return own(`${this.#base}${path}`, init);
  }

  async *#events(
    method: string,
    path: string,
    body: object | undefined,
    { signal }: CallOptions,
  ): AsyncGenerator<{ event: string; data: string }, void> {
    const response = await this.#fetch(path, {
      method,
      headers: this.#headersWith({ accept: 'text/event-stream', ...(body && JSON_TYPE) }),
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (!response.ok || !response.body) throw await refusal(response);
    yield* readEvents(response.body);
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** What the server sends is what its schema says: the same trust that the typed calls of `api` have. */
function believed<T>(json: string): T {
  return JSON.parse(json);
}

async function bodyOf<T>(response: Response): Promise<T> {
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  try {
    return believed<T>(text);
  } catch {
    throw unreadable(response);
  }
}

interface Result<T> {
  readonly data?: T;
  readonly error?: Problem;
  readonly response: Response;
}

function given<T>({ data, error, response }: Result<T>): T {
  if (data !== undefined) return data;
  throw error && isProblem(response)
    ? new ScriptoriumHttpError(error, waitOf(response))
    : unreadable(response);
}

async function refusal(response: Response): Promise<ScriptoriumHttpError> {
  if (!isProblem(response)) return unreadable(response);
  return new ScriptoriumHttpError(believed<Problem>(await response.text()), waitOf(response));
}

function isProblem({ headers }: Response): boolean {
  return (headers.get('content-type') ?? '').startsWith('application/problem+json');
}

/** What stands between, a proxy for instance, has answered. */
function unreadable({ status, statusText }: Response): ScriptoriumHttpError {
  return noAnswer(status, `${status} ${statusText} came, which is no answer of Scriptorium`);
}

/** To be told from an answer that has nothing more to say. */
function brokenOff(missing: string): ScriptoriumHttpError {
  return noAnswer(502, `The stream broke off before ${missing}`);
}

/** As the registry has it, which is not loaded here. */
function noAnswer(status: number, detail: string): ScriptoriumHttpError {
  return new ScriptoriumHttpError({
    ...{
      type: 'about:blank',
      title: 'What came is no whole answer of a server of Scriptorium.',
      status,
      detail,
    },
    ...{ code: 'RESPONSE_UNREADABLE', remedy: RESPONSE_REMEDY, instance: '' },
  });
}

const RESPONSE_REMEDY =
  'Check the address and what stands between, a proxy for instance; then send it again.';

function waitOf(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
