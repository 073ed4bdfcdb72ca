/** Embeds on a device that is fed with large batches: texts of all callers are gathered, questions go first. */
import { ScriptoriumError } from '../../errors.ts';
import type { Embedder, EmbedOptions } from '../../ports/embedder.ts';
import { bucketOf, nextBatch, paddedBatch } from './device-batch.ts';
import { BatchSize } from './device-batch-size.ts';
import { DeviceMemoryError, type DeviceSession } from './device-session.ts';

export interface DeviceEmbedderOptions {
  readonly id: string;
  /** For messages: `cuda`. */
  readonly deviceName: string;
  readonly maxTokens: number;
  /** Token ids of each text, special tokens included, cut at `maxTokens`. */
  tokenize(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  readonly sessions: readonly [DeviceSession, ...DeviceSession[]];
  /** Most texts of full length in one batch. */
  readonly largestBatch?: number;
  /** Hears of every batch that was embedded. */
  onBatch?(batch: DeviceBatch): void;
  /** Hears that the device computes nothing any more: until the process ends, as a rule. */
  onLost?(reason: string): void;
}

export interface DeviceBatch {
  readonly texts: number;
  /** Without padding. */
  readonly tokens: number;
  readonly paddedTokens: number;
  /** Of `performance.now()`. */
  readonly startedMs: number;
  readonly endedMs: number;
}

interface Text {
  readonly ids: readonly number[];
  readonly tokens: number;
  resolve(vector: Float32Array): void;
  reject(error: ScriptoriumError): void;
}

/** Texts of full length in the first batch; then 64, 128 and so on, as far as that pays. */
const FIRST_BATCH = 32;
const LARGEST_BATCH = 1_024;
/** Enough to tell whether the device computes. */
const PROBE_TOKENS = 2;
/** A question waits for two batches at most. */
const MAX_BATCH_MS = 250;
/** Batches in flight: the device computes one while the other is laid out, copied and given back. */
const LANES = 2;
/** Each brings the chunks between two of its checkpoints: those of five books, as many as a run has by default, fill two lanes. */
const BOOKS_AT_ONCE = 16;
const CHUNKS_AT_ONCE = 256;

export class DeviceEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly booksAtOnce = BOOKS_AT_ONCE;
  readonly chunksAtOnce = CHUNKS_AT_ONCE;
  readonly #options: DeviceEmbedderOptions;
  readonly #size: BatchSize;
  /** Oldest first. */
  #questions: Text[] = [];
  #passages: Text[] = [];
  /** Of each lane that waits for texts. */
  readonly #idle: DeviceSession[];
  readonly #working = new Set<Promise<void>>();
  #closed = false;

  constructor(options: DeviceEmbedderOptions) {
    const { id, maxTokens, sessions, largestBatch = LARGEST_BATCH } = options;
    this.id = id;
    this.maxTokens = maxTokens;
    this.dimensions = sessions[0].dimensions;
    this.#options = options;
    this.#idle = lanesOf(sessions);
    this.#size = new BatchSize({
      ...{ first: FIRST_BATCH * maxTokens, least: maxTokens, most: largestBatch * maxTokens },
      maxBatchMs: MAX_BATCH_MS,
    });
  }

  /** Most tokens, padding included, that the device is given at once at this time. */
  get tokensPerBatch(): number {
    return this.#size.budget;
  }

  async embed(
    texts: readonly string[],
    { kind = 'passage', signal, onSome = () => {} }: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    signal?.throwIfAborted();
    if (texts.length === 0) return [];
    const encoded = await this.#options.tokenize(texts);
    signal?.throwIfAborted();
    if (this.#closed) throw new ScriptoriumError('EMBEDDING_FAILED', 'The embedder is closed');
    const vectors = Promise.all(
      encoded.map(async (ids) => {
        const vector = await this.#enqueue(ids, kind);
        onSome();
        return vector;
      }),
    );
    this.#dispatch();
    return await vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const text of [...this.#questions.splice(0), ...this.#passages.splice(0)])
      text.reject(new ScriptoriumError('EMBEDDING_FAILED', 'The embedder was closed'));
    await Promise.all(this.#working);
    await Promise.all(this.#options.sessions.map((session) => session[Symbol.asyncDispose]()));
  }

  #enqueue(ids: readonly number[], kind: 'passage' | 'question'): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      const line = kind === 'question' ? this.#questions : this.#passages;
      line.push({ ids, tokens: ids.length, resolve, reject });
    });
  }

  #dispatch(): void {
    while (this.#questions.length + this.#passages.length > 0) {
      const session = this.#idle.shift();
      if (!session) return;
      const work = this.#work(session).finally(() => this.#working.delete(work));
      this.#working.add(work);
    }
  }

  async #work(session: DeviceSession): Promise<void> {
    for (let batch = this.#take(); batch; batch = this.#take())
      await this.#run(session, batch.taken, batch.tokens);
    this.#size.idle();
    this.#idle.push(session);
  }

  #take(): { readonly taken: readonly Text[]; readonly tokens: number } | null {
    const line = this.#questions.length > 0 ? this.#questions : this.#passages;
    const batch = nextBatch(line, this.#size.budget);
    const taken = new Set(batch?.taken);
    this.#questions = this.#questions.filter((text) => !taken.has(text));
    this.#passages = this.#passages.filter((text) => !taken.has(text));
    return batch;
  }

  async #run(session: DeviceSession, texts: readonly Text[], tokens: number): Promise<void> {
    const batch = paddedBatch(
      texts.map(({ ids }) => ids),
      tokens,
    );
    const startedMs = performance.now();
    try {
      const flat = await session.run(batch);
      this.#ended(texts, tokens, startedMs);
      for (const [row, text] of texts.entries())
        text.resolve(flat.slice(row * this.dimensions, (row + 1) * this.dimensions));
    } catch (error) {
      if (error instanceof DeviceMemoryError) await this.#outOfMemory(session, texts, tokens, error);
      else await this.#failed(session, texts, error);
    }
  }

  /** What one text of a batch does to the device is no fault of the others, which may be of other books. */
  async #runHalves(session: DeviceSession, texts: readonly Text[]): Promise<void> {
    const middle = Math.ceil(texts.length / 2);
    for (const half of [texts.slice(0, middle), texts.slice(middle)])
      await this.#run(session, half, bucketOf(Math.max(...half.map(({ tokens }) => tokens))));
  }

  /** Was it what it was given, or is the device gone? A driver that failed once fails for as long as the process lives. */
  async #failed(session: DeviceSession, texts: readonly Text[], error: unknown): Promise<void> {
    const ids = texts[0]?.ids.slice(0, PROBE_TOKENS) ?? [];
    const works = await session.run(paddedBatch([ids], PROBE_TOKENS)).then(
      () => true,
      () => false,
    );
    if (works && texts.length > 1) return await this.#runHalves(session, texts);
    const { deviceName, onLost } = this.#options;
    const reason = works ? `The model failed: ${String(error)}` : `${deviceName} is lost: ${String(error)}`;
    for (const text of texts) text.reject(works ? failed(reason, error) : unusable(reason, error));
    if (!works) onLost?.(reason);
  }

  #ended(texts: readonly Text[], tokens: number, startedMs: number): void {
    const endedMs = performance.now();
    const paddedTokens = texts.length * tokens;
    this.#size.ended(paddedTokens, endedMs);
    this.#options.onBatch?.({
      ...{ texts: texts.length, paddedTokens, startedMs, endedMs },
      tokens: texts.reduce((sum, text) => sum + text.tokens, 0),
    });
  }

  async #outOfMemory(
    session: DeviceSession,
    texts: readonly Text[],
    tokens: number,
    error: DeviceMemoryError,
  ): Promise<void> {
    this.#size.outOfMemory(texts.length * tokens);
    const [only, second] = texts;
    if (only && !second) {
      const { deviceName } = this.#options;
      const why = `One text of ${only.tokens} tokens does not fit into the memory of ${deviceName}`;
      only.reject(unusable(`${why}: ${error.message}`, error));
    } else if (this.#closed) for (const text of texts) text.reject(failed('The embedder was closed', error));
    else await this.#runHalves(session, texts);
  }
}

/** Two for the device, whether it has one session or more. */
function lanesOf(sessions: DeviceEmbedderOptions['sessions']): DeviceSession[] {
  const lanes = Math.max(LANES, sessions.length);
  return Array.from({ length: lanes }, (_, lane) => sessions[lane % sessions.length] ?? sessions[0]);
}

function failed(message: string, cause: unknown): ScriptoriumError {
  return new ScriptoriumError('EMBEDDING_FAILED', message, { cause });
}

/** No fault of the book, which waits. */
function unusable(message: string, cause: unknown): ScriptoriumError {
  return new ScriptoriumError('EMBEDDING_DEVICE_FAILED', message, { cause });
}
