/** Vectors of an endpoint that speaks OpenAI's embeddings: Text Embeddings Inference, vLLM, llama.cpp, Ollama, OpenAI. */
import OpenAI, { APIError } from 'openai';
import { z } from 'zod';
import { type ErrorCode, ScriptoriumError } from '../../errors.ts';
import { hashOf } from '../../naming.ts';
import type { Embedder, EmbedOptions } from '../../ports/embedder.ts';
import { boundedBody } from '../bounded-body.ts';
import { fetchWithWords, type Refusal, refusalOf } from '../openai-refusal.ts';
import { retryAfterMs } from '../retry-after.ts';
import { withoutKey } from '../without-key.ts';
import { Lane } from './lane.ts';
import { SomeDone } from './some-done.ts';

export interface EndpointEmbedderOptions {
  /** What comes before `/embeddings`; OpenAI's own when left out. */
  readonly baseUrl?: string | undefined;
  readonly apiKey: string;
  readonly model: string;
  /** Length of a vector that the endpoint is asked for. Left out: the length that the model gives. */
  readonly dimensions?: number | undefined;
  /** Longest text in tokens that the model takes; a longer question is cut, at three characters a token. */
  readonly maxTokens: number;
  /** Put before a question, and before a passage: models that were trained with such words need them. */
  readonly prefixes: Readonly<Record<Kind, string>>;
  readonly textsPerRequest: number;
  readonly requestsAtOnce: number;
  /** Longest wait for one request, in milliseconds. */
  readonly timeoutMs: number;
  /** Longest time that a request is held back while the endpoint refuses for too many, in milliseconds. Default a minute. */
  readonly patienceMs?: number | undefined;
}

type Kind = 'passage' | 'question';

/** How long a request may be held back, and with which others. */
interface Patient {
  readonly lane: Lane;
  /** By `performance.now()`. */
  readonly until: number;
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 60_000;
/** Fewer than in any language that puts spaces between its words. */
const CHARS_PER_TOKEN = 3;
/** It is not for its length that one of so many characters is refused. */
const SHORT_QUESTION = 100;
/** Nobody waits for a question as long as for a book. */
const QUESTION_PATIENCE_MS = 5_000;
/** Where a refusal does not say how long to wait. */
const PAUSE_MS = 1_000;
/** Servers say so when a request holds more texts, or more tokens in all, than they take at once; 400 may mean anything else, too. */
const TOO_LARGE = new Set([400, 413, 422]);
/** Where it holds a single one, that may be too long. */
const TOO_LONG =
  '; where the text is too long for it, lower SCRIPTORIUM_CHUNK_TOKENS, or name the tokenizer.json of the model in SCRIPTORIUM_TOKENIZER';
/** Text Embeddings Inference, when its model failed. */
const MODEL_FAILED = 424;
/** A model that does not give the length it was asked for is told apart from one that sends for ever. */
const LONG_VECTOR = 4_096;
/** Seventeen digits, sign, point, exponent, comma, and white space. */
const MOST_BYTES_PER_NUMBER = 32;
/** What is sent beside the numbers. */
const MOST_FRAME_BYTES = 1_000_000;
/** After an answer in this share of the time that it may take, more texts are sent again. */
const EASY = 0.25;
const codes: Readonly<Record<Refusal, ErrorCode>> = {
  unreachable: 'EMBEDDING_UNREACHABLE',
  'rate-limited': 'EMBEDDING_RATE_LIMITED',
  denied: 'EMBEDDING_DENIED',
  rejected: 'EMBEDDING_REJECTED',
};

/** What we read of an answer; an endpoint may send anything. */
const answer = z.object({
  data: z.array(z.object({ index: z.number().int().min(0), embedding: z.array(z.number()) })),
});

export class EndpointEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly booksAtOnce: number;
  readonly #options: EndpointEmbedderOptions;
  readonly #client: OpenAI;
  /** A question waits for no book: neither for a place, nor while books are refused for too many. */
  readonly #lanes: Readonly<Record<Kind, Lane>>;
  readonly #closed = new AbortController();
  readonly #someDone = new SomeDone();
  /** At most so many texts were taken. */
  #textsPerRequest: number;
  /** So many are answered in time, as far as is known. */
  #textsInTime = Number.POSITIVE_INFINITY;

  private constructor(options: EndpointEmbedderOptions, dimensions: number) {
    const { baseUrl, apiKey, timeoutMs, model, prefixes, requestsAtOnce } = options;
    this.#options = options;
    this.dimensions = dimensions;
    this.maxTokens = options.maxTokens;
    this.booksAtOnce = requestsAtOnce;
    this.id = `${model}/${hashOf('endpoint', prefixes.passage, prefixes.question).slice(0, 12)}/${dimensions}`;
    this.#textsPerRequest = options.textsPerRequest;
    this.#lanes = { passage: new Lane(requestsAtOnce), question: new Lane(requestsAtOnce) };
    // Here and in Temporal it is tried again; a third layer would only hide how often.
    this.#client = new OpenAI({
      ...{ apiKey, baseURL: baseUrl ?? null, timeout: timeoutMs, maxRetries: 0 },
      // It would print what an endpoint sent to the console.
      logLevel: 'off',
      fetch: async (input, init) => boundedBody(await fetchWithWords(input, init), mostBytesOf(options)),
    });
  }

  /**
   * Asks for one vector where the length is not given.
   * @throws ScriptoriumError EMBEDDING_UNREACHABLE, EMBEDDING_RATE_LIMITED, EMBEDDING_DENIED, EMBEDDING_REJECTED
   */
  static async open(options: EndpointEmbedderOptions): Promise<EndpointEmbedder> {
    if (options.dimensions !== undefined) return new EndpointEmbedder(options, options.dimensions);
    await using probe = new EndpointEmbedder(options, 0);
    const { patienceMs = PATIENCE_MS } = options;
    const { signal } = probe.#closed;
    const patient = { lane: probe.#lanes.passage, until: performance.now() + patienceMs, signal };
    const [vector] = await probe.#patiently(['length'], patient);
    return new EndpointEmbedder(options, vector?.length ?? 0);
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<readonly Float32Array[]> {
    return await this.#someDone.during(options.onSome, () => this.#embed(texts, options));
  }

  async #embed(
    texts: readonly string[],
    { kind = 'passage', signal }: EmbedOptions,
  ): Promise<readonly Float32Array[]> {
    signal?.throwIfAborted();
    const prefix = this.#options.prefixes[kind];
    // Passages were cut to size by a tokenizer.
    const most = kind === 'question' ? this.maxTokens * CHARS_PER_TOKEN : Number.POSITIVE_INFINITY;
    const whole = texts.map((text) => `${prefix}${text}`.slice(0, most).toWellFormed());
    const stop = new AbortController();
    const signals = AbortSignal.any([stop.signal, this.#closed.signal, ...(signal ? [signal] : [])]);
    const { patienceMs = PATIENCE_MS } = this.#options;
    const patience = kind === 'question' ? Math.min(patienceMs, QUESTION_PATIENCE_MS) : patienceMs;
    const size = Math.min(this.#textsPerRequest, this.#textsInTime);
    const lane = this.#lanes[kind];
    const requests = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
      lane.add(() => {
        // Each request has its own: of many, most wait long before they are sent at all.
        const until = performance.now() + patience;
        return this.#patiently(whole.slice(at * size, (at + 1) * size), { lane, until, signal: signals });
      }, signals),
    );
    try {
      return (await Promise.all(requests)).flat().map((vector) => this.#unit(vector));
    } finally {
      // What other requests would still bring is of no use; and whoever listens to the signal lets go of it.
      stop.abort(new Error('the other requests are over'));
      await Promise.allSettled(requests);
    }
  }

  /** Nothing is sent any more; what was asked for rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error('the embedder is closed'));
    await Promise.all([this.#lanes.passage.idle(), this.#lanes.question.idle()]);
  }

  /** All requests of its kind wait while the endpoint refuses for too many; one that is too large is sent in halves. */
  async #patiently(texts: readonly string[], patient: Patient): Promise<number[][]> {
    const { lane, until, signal } = patient;
    for (;;) {
      try {
        const vectors = await this.#request(texts, signal);
        this.#someDone.done();
        return vectors;
      } catch (error) {
        if (tooLarge(error) && texts.length > 1) return await this.#inHalves(texts, patient);
        const shorter = lane === this.#lanes.question && tooLarge(error) ? halfOf(texts) : null;
        if (shorter) return await this.#patiently([shorter], patient);
        const pauseMs = pauseOf(error);
        if (signal.aborted || pauseMs === null || performance.now() + pauseMs > until)
          throw this.#failure(error, signal, texts.length === 1);
        await lane.pause(pauseMs, signal);
      }
    }
  }

  async #inHalves(texts: readonly string[], patient: Patient): Promise<number[][]> {
    const half = Math.ceil(texts.length / 2);
    const first = await this.#patiently(texts.slice(0, half), patient);
    const second = await this.#patiently(texts.slice(half), patient);
    // Only now is it known that it was their number, and not one of them that is too long.
    this.#textsPerRequest = Math.min(this.#textsPerRequest, half);
    return [...first, ...second];
  }

  async #request(texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
    const { model, dimensions } = this.#options;
    const asked = {
      ...{ model, input: [...texts], encoding_format: 'float' as const },
      ...(dimensions !== undefined && { dimensions }),
    };
    // The client's own time limit ends with the first byte.
    const over = new AbortController();
    const { timeoutMs } = this.#options;
    const began = performance.now();
    const late = setTimeout(() => over.abort(new Late(timeoutMs)), timeoutMs);
    try {
      const within = AbortSignal.any([signal, over.signal]);
      const vectors = this.#vectorsIn(await this.#client.embeddings.create(asked, { signal: within }), texts);
      this.#tookMs(performance.now() - began, texts.length);
      return vectors;
    } catch (error) {
      if (!over.signal.aborted) throw error;
      // The next try sends half as many; the same again would be late again.
      this.#textsInTime = Math.min(this.#textsInTime, Math.ceil(texts.length / 2));
      throw over.signal.reason;
    } finally {
      clearTimeout(late);
      over.abort();
    }
  }

  #tookMs(ms: number, texts: number): void {
    if (texts >= this.#textsInTime && ms < EASY * this.#options.timeoutMs) this.#textsInTime *= 2;
  }

  #vectorsIn(sent: unknown, texts: readonly string[]): number[][] {
    const parsed = answer.safeParse(sent);
    // A gateway's page for maintenance, for one.
    if (!parsed.success) throw failed('sent no list of embeddings', 'EMBEDDING_UNREACHABLE');
    const vectors = new Map(parsed.data.data.map(({ index, embedding }) => [index, embedding]));
    return texts.map((_, at) => {
      const vector = vectors.get(at);
      if (!vector) throw failed(`gave ${vectors.size} vectors for ${texts.length} texts`);
      return vector;
    });
  }

  #unit(vector: readonly number[]): Float32Array {
    if (vector.length !== this.dimensions)
      throw failed(
        `gave a vector of ${vector.length} numbers instead of ${this.dimensions}: it serves another model`,
        'EMBEDDING_DENIED',
      );
    const norm = Math.hypot(...vector);
    if (!(norm > 0 && Number.isFinite(norm))) throw failed('gave a vector without a direction');
    return Float32Array.from(vector, (value) => value / norm);
  }

  /** @param alone whether there was a single text in the request */
  #failure(error: unknown, signal: AbortSignal, alone: boolean): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof ScriptoriumError) return error;
    const { baseUrl = 'OpenAI', model, apiKey } = this.#options;
    const tooLong = alone && tooLarge(error);
    const said = `${error instanceof Error ? error.message : String(error)}${tooLong ? TOO_LONG : ''}`;
    return new ScriptoriumError(
      codes[refusalOf(error, [MODEL_FAILED])],
      withoutKey(`The embedding model ${model} at ${baseUrl} failed: ${said}`, apiKey),
      {
        cause: error,
        retryAfterMs: error instanceof APIError ? retryAfterMs(error.headers?.get('retry-after')) : undefined,
      },
    );
  }
}

function tooLarge(error: unknown): boolean {
  return error instanceof APIError && TOO_LARGE.has(error.status ?? 0);
}

/** Of a question that is refused, in a script of one token a character for instance; null where it is short in any. */
function halfOf([question = '']: readonly string[]): string | null {
  return question.length > SHORT_QUESTION ? question.slice(0, question.length / 2).toWellFormed() : null;
}

/** An answer of more bytes is given up. */
function mostBytesOf({ dimensions = 0, textsPerRequest }: EndpointEmbedderOptions): number {
  const numbers = textsPerRequest * Math.max(dimensions, LONG_VECTOR);
  return MOST_FRAME_BYTES + numbers * MOST_BYTES_PER_NUMBER;
}

class Late extends Error {
  constructor(timeoutMs: number) {
    super(
      `it did not answer within ${timeoutMs / 1_000} s (SCRIPTORIUM_EMBEDDINGS_TIMEOUT_S; the next request has fewer texts)`,
    );
  }
}

function failed(what: string, code: ErrorCode = 'EMBEDDING_FAILED'): ScriptoriumError {
  return new ScriptoriumError(code, `The embedding endpoint ${what}`);
}

/** Null for a failure that waiting here does not mend. */
function pauseOf(error: unknown): number | null {
  if (!(error instanceof APIError) || error.status !== 429) return null;
  return retryAfterMs(error.headers?.get('retry-after')) ?? PAUSE_MS;
}
