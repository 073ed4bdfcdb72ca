/** Embeds with a sentence-transformer model in ONNX, on every core. */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Embedder, EmbedOptions } from '../../ports/embedder.ts';
import { sha256OfFile } from '../../sources/source-file.ts';
import { EmbedThreads } from './embed-threads.ts';
import { embedderIdOfHashes } from './embedder-id.ts';
import { laidOutModel, sayInUse } from './laid-out-model.ts';
import type { LocalModel } from './model-folder.ts';
import { openTokenizer, type Tokenize } from './model-tokenizer.ts';

export interface OnnxEmbedderOptions extends Omit<LocalModel, 'prefixes'> {
  /** Sessions of one thread each; as many as there are cores is best. */
  readonly threads: number;
  /** Where the model is kept as it is laid out for this machine, so that sessions share its memory. Default: nowhere. */
  readonly layoutFolder?: string;
}

/** A process may run for longer than a layout that nobody opens is kept. */
const SAY_IN_USE_EVERY_MS = 24 * 3_600_000;

/** Texts of one message to a thread: small, so that threads end together and a question waits for little. */
const TEXTS_PER_JOB = 4;

export class OnnxEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly #tokenize: Tokenize;
  readonly #threads: EmbedThreads;
  readonly #inUse: NodeJS.Timeout | undefined;

  private constructor(
    id: string,
    maxTokens: number,
    tokenize: Tokenize,
    { pool, dimensions, laidOut }: OpenedThreads,
  ) {
    this.id = id;
    this.dimensions = dimensions;
    this.maxTokens = maxTokens;
    this.#tokenize = tokenize;
    this.#threads = pool;
    if (laidOut !== undefined)
      this.#inUse = setInterval(() => void sayInUse(laidOut), SAY_IN_USE_EVERY_MS).unref();
  }

  /** @throws ScriptoriumError ASSET_UNAVAILABLE when model or tokenizer can't be loaded */
  static async open(options: OnnxEmbedderOptions): Promise<OnnxEmbedder> {
    const { tokenizerPath, maxTokens } = options;
    const tokenize = await openTokenizer(tokenizerPath, maxTokens);
    const started = (await laidOutThreads(options)) ?? (await publishedThreads(options));
    return new OnnxEmbedder(await embedderIdOf(options), maxTokens, tokenize, started);
  }

  get busy(): boolean {
    return this.#threads.busy;
  }

  async embed(
    texts: readonly string[],
    { kind = 'passage', signal, onSome = () => {} }: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    signal?.throwIfAborted();
    const longestFirst = texts
      .map((_, index) => index)
      .sort((a, b) => lengthOf(texts, b) - lengthOf(texts, a));
    const vectors = new Array<Float32Array>(texts.length);
    const jobs: Promise<void>[] = [];
    // One after the other, which takes a hundredth of what the threads take: a question's turn comes soon.
    for (let from = 0; from < longestFirst.length; from += TEXTS_PER_JOB) {
      const indices = longestFirst.slice(from, from + TEXTS_PER_JOB);
      const encoded = await this.#tokenize(indices.map((index) => texts[index] ?? ''));
      const running = this.#embedInto(vectors, indices, encoded, kind).then(onSome);
      // It may fail before the last is begun; `all` tells of it.
      running.catch(() => {});
      jobs.push(running);
    }
    await Promise.all(jobs);
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#inUse);
    await this.#threads[Symbol.asyncDispose]();
  }

  async #embedInto(
    vectors: Float32Array[],
    indices: readonly number[],
    encoded: readonly (readonly number[])[],
    kind: 'passage' | 'question',
  ) {
    const flat = await this.#threads.run(
      encoded.map((ids) => Int32Array.from(ids)),
      kind,
    );
    for (const [at, index] of indices.entries())
      vectors[index] = flat.subarray(at * this.dimensions, (at + 1) * this.dimensions);
  }
}

type StartedThreads = Awaited<ReturnType<typeof EmbedThreads.start>>;
/** `laidOut` is the path of the model laid out, where that is what they have. */
type OpenedThreads = StartedThreads & { readonly laidOut?: string };

async function publishedThreads(options: OnnxEmbedderOptions): Promise<OpenedThreads> {
  return await startThreads(options, options.modelPath, false);
}

/** Null where the model can't be laid out; a layout that can't be loaded is dropped, and made anew at the next start. */
async function laidOutThreads(options: OnnxEmbedderOptions): Promise<OpenedThreads | null> {
  const { layoutFolder } = options;
  const modelPath = layoutFolder === undefined ? null : await laidOutModel(options, layoutFolder);
  if (modelPath === null) return null;
  try {
    return { ...(await startThreads(options, modelPath, true)), laidOut: modelPath };
  } catch {
    await rm(dirname(modelPath), { recursive: true, force: true });
    return null;
  }
}

async function startThreads(
  { maxTokens, pooling, threads }: OnnxEmbedderOptions,
  modelPath: string,
  isLaidOut: boolean,
): Promise<StartedThreads> {
  return await EmbedThreads.start({ modelPath, maxTokens, pooling, isLaidOut }, threads);
}

function lengthOf(texts: readonly string[], index: number): number {
  return texts[index]?.length ?? 0;
}

/** See `embedderIdOfHashes`; reads both files. */
export async function embedderIdOf(model: Omit<LocalModel, 'prefixes'>): Promise<string> {
  const { modelPath, tokenizerPath } = model;
  const hashes = await Promise.all([sha256OfFile(modelPath), sha256OfFile(tokenizerPath)]);
  return embedderIdOfHashes(model, { model: hashes[0], tokenizer: hashes[1] });
}
