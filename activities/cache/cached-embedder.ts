import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Embedder } from '../ports/embedder.ts';
import { CacheCounts, type CacheListener } from './cache-counts.ts';

export interface CachedEmbedderOptions {
  /** Questions whose vectors are kept; 0 keeps none. A vector of 384 numbers takes 1.5 KB. */
  readonly maxEntries: number;
  readonly listener?: CacheListener | undefined;
}

/** Keeps the vectors of questions. Those of passages pass through: they are asked for once. */
export class CachedEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly booksAtOnce?: number;
  readonly chunksAtOnce?: number;
  readonly counts: CacheCounts;
  readonly #embedder: Embedder;
  /** Promises, so that questions at the same time are embedded once. */
  readonly #vectors: LRUCache<string, Promise<Float32Array>> | null;

  constructor(embedder: Embedder, { maxEntries, listener }: CachedEmbedderOptions) {
    this.#embedder = embedder;
    this.id = embedder.id;
    this.dimensions = embedder.dimensions;
    this.maxTokens = embedder.maxTokens;
    if (embedder.booksAtOnce !== undefined) this.booksAtOnce = embedder.booksAtOnce;
    if (embedder.chunksAtOnce !== undefined) this.chunksAtOnce = embedder.chunksAtOnce;
    this.counts = new CacheCounts('embedding', listener);
    const dispose = (_vector: unknown, _text: string, reason: string): void => {
      if (reason === 'evict') this.counts.count('eviction');
    };
    const options = { max: maxEntries, dispose };
    this.#vectors = maxEntries > 0 ? new LRUCache<string, Promise<Float32Array>>(options) : null;
  }

  /** Vectors that are kept. */
  get entries(): number {
    return this.#vectors?.size ?? 0;
  }

  async embed(
    texts: readonly string[],
    options: Parameters<Embedder['embed']>[1] = {},
  ): Promise<readonly Float32Array[]> {
    if (options.kind !== 'question') return await this.#embedder.embed(texts, options);
    return await Promise.all(texts.map((text) => this.#question(text)));
  }

  /** The same vectors, uncounted: for what is no question that somebody asks. */
  get uncounted(): Pick<Embedder, 'embed'> {
    return {
      embed: async (texts) => await Promise.all(texts.map((text) => this.#vector(text))),
    };
  }

  clear(): void {
    this.#vectors?.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedder[Symbol.asyncDispose]();
  }

  async #question(text: string): Promise<Float32Array> {
    this.counts.count(this.#vectors?.has(keyOf(text)) ? 'hit' : 'miss');
    return await this.#vector(text);
  }

  /** Without the asker's signal: others may wait for the same vector. */
  async #vector(text: string): Promise<Float32Array> {
    const key = keyOf(text);
    const known = this.#vectors?.get(key);
    if (known) return (await known).slice();
    const vector = this.#embedder
      .embed([text], { kind: 'question' })
      .then(([first]) => first ?? new Float32Array());
    this.#vectors?.set(key, vector);
    try {
      return (await vector).slice();
    } catch (error) {
      // The next one tries again.
      if (this.#vectors?.peek(key) === vector) this.#vectors.delete(key);
      throw error;
    }
  }
}

/** A question may have thousands of characters, which would be kept as well. */
function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
