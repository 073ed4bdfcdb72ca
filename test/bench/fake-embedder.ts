/** An embedder whose time is known: so that what is measured is everything else. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Embedder } from '../../activities/ports/embedder.ts';

export interface FakeEmbedderOptions {
  /** Wait of each batch, as an endpoint over a network would take; 0 for none. */
  readonly waitMs: number;
  /** Default 100: an endpoint that serves many callers. The largest `--parallel` is 500. */
  readonly booksAtOnce?: number | undefined;
}

/** As all-MiniLM-L6-v2 has them, so that store and artifacts have as much to write. */
const DIMENSIONS = 384;

const BOOKS_AT_ONCE = 100;

/** A unit vector a text, from a hash of the text: the same text always has the same one. */
export class FakeEmbedder implements Embedder {
  readonly id = 'fake/sha256/xorshift';
  readonly dimensions = DIMENSIONS;
  readonly maxTokens = 256;
  readonly booksAtOnce: number;
  readonly #waitMs: number;

  constructor({ waitMs, booksAtOnce = BOOKS_AT_ONCE }: FakeEmbedderOptions) {
    this.booksAtOnce = booksAtOnce;
    this.#waitMs = waitMs;
  }

  async embed(
    texts: readonly string[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly Float32Array[]> {
    signal?.throwIfAborted();
    if (this.#waitMs > 0) await delay(this.#waitMs, undefined, signal ? { signal } : {});
    return texts.map(unitVectorOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Marsaglia's xorshift32, seeded with the hash; then L2-normalised. */
export function unitVectorOf(text: string): Float32Array {
  let state = createHash('sha256').update(text).digest().readUInt32LE(0) || 1;
  const vector = new Float32Array(DIMENSIONS);
  let squares = 0;
  for (let at = 0; at < DIMENSIONS; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const value = state / 2 ** 31;
    vector[at] = value;
    squares += value * value;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < DIMENSIONS; at++) vector[at] = (vector[at] ?? 0) * scale;
  return vector;
}
