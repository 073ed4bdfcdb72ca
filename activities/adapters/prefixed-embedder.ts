import { hashOf } from '../naming.ts';
import type { Embedder } from '../ports/embedder.ts';

export interface Prefixes {
  readonly question: string;
  readonly passage: string;
}

/** An embedder whose model was trained with words before a question, or before a passage: it gets them. */
export class PrefixedEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly booksAtOnce?: number;
  readonly chunksAtOnce?: number;
  readonly #embedder: Embedder;
  readonly #prefixes: Prefixes;

  /** @param prefixTokens of the prefix of a passage: so many less are left for the passage */
  constructor(embedder: Embedder, prefixes: Prefixes, prefixTokens: number) {
    this.id = `${embedder.id}/${hashOf('prefixes', prefixes.passage, prefixes.question).slice(0, 12)}`;
    this.dimensions = embedder.dimensions;
    this.maxTokens = embedder.maxTokens - prefixTokens;
    if (embedder.booksAtOnce !== undefined) this.booksAtOnce = embedder.booksAtOnce;
    if (embedder.chunksAtOnce !== undefined) this.chunksAtOnce = embedder.chunksAtOnce;
    this.#embedder = embedder;
    this.#prefixes = prefixes;
  }

  get busy(): boolean {
    return this.#embedder.busy ?? false;
  }

  async embed(
    texts: readonly string[],
    options: Parameters<Embedder['embed']>[1] = {},
  ): Promise<readonly Float32Array[]> {
    const prefix = this.#prefixes[options.kind ?? 'passage'];
    return await this.#embedder.embed(prefix === '' ? texts : texts.map((text) => prefix + text), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedder[Symbol.asyncDispose]();
  }
}
