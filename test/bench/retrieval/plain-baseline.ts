/**
 * The plain way, to compare with: chunks of 180 words, the same embedding model, exact cosine, BM25, and reciprocal rank
 * fusion with k = 60. Nothing of the product's retrieval is in it.
 */
import type { CorpusBook } from './corpus.ts';
import type { GivenPassage } from './labelled.ts';

const WORDS_PER_CHUNK = 180;
const FUSED_DEPTH = 50;
const RRF_K = 60;
const K1 = 1.2;
const B = 0.75;

export function plainChunks(books: readonly CorpusBook[]): GivenPassage[] {
  return books.flatMap((book) => {
    const words = book.units.flatMap(({ text, page }) =>
      text
        .split(/\s+/)
        .filter(Boolean)
        .map((word) => ({ word, page: page ?? 0 })),
    );
    const count = Math.ceil(words.length / WORDS_PER_CHUNK);
    return Array.from({ length: count }, (_, at) => {
      const own = words.slice(at * WORDS_PER_CHUNK, (at + 1) * WORDS_PER_CHUNK);
      const page = { start: own[0]?.page ?? 0, end: own.at(-1)?.page ?? 0 };
      return { book: book.id, text: own.map(({ word }) => word).join(' '), page };
    });
  });
}

/** Ranks the chunks for a question: `dense`, `lexical` and `hybrid`, best first. */
export class PlainBaseline {
  readonly #chunks: readonly GivenPassage[];
  readonly #vectors: readonly Float32Array[];
  readonly #postings = new Map<string, { at: number; count: number }[]>();
  readonly #lengths: readonly number[];

  constructor(chunks: readonly GivenPassage[], vectors: readonly Float32Array[]) {
    this.#chunks = chunks;
    this.#vectors = vectors;
    const words = chunks.map(({ text }) => plainWords(text));
    this.#lengths = words.map(({ length }) => length);
    for (const [at, own] of words.entries())
      for (const [word, all] of Map.groupBy(own, (each) => each))
        this.#postingsOf(word).push({ at, count: all.length });
  }

  rank(question: string, vector: Float32Array): Record<'dense' | 'lexical' | 'hybrid', GivenPassage[]> {
    const dense = best(this.#vectors.map((each) => dot(each, vector)));
    const lexical = best(this.#bm25(question));
    const fused = new Float64Array(this.#chunks.length);
    for (const list of [dense, lexical])
      for (const [rank, at] of list.slice(0, FUSED_DEPTH).entries())
        fused[at] = (fused[at] ?? 0) + 1 / (RRF_K + rank + 1);
    const passages = (list: readonly number[]): GivenPassage[] =>
      list.slice(0, 10).flatMap((at) => this.#chunks[at] ?? []);
    return { dense: passages(dense), lexical: passages(lexical), hybrid: passages(best([...fused])) };
  }

  #postingsOf(word: string): { at: number; count: number }[] {
    const found = this.#postings.get(word) ?? [];
    this.#postings.set(word, found);
    return found;
  }

  #bm25(question: string): number[] {
    const scores = new Array<number>(this.#chunks.length).fill(0);
    const average = this.#lengths.reduce((sum, length) => sum + length, 0) / this.#chunks.length;
    for (const word of new Set(plainWords(question))) {
      const postings = this.#postings.get(word) ?? [];
      const idf = Math.log(1 + (this.#chunks.length - postings.length + 0.5) / (postings.length + 0.5));
      for (const { at, count } of postings) {
        const long = 1 - B + (B * (this.#lengths[at] ?? 0)) / average;
        scores[at] = (scores[at] ?? 0) + (idf * count * (K1 + 1)) / (count + K1 * long);
      }
    }
    return scores;
  }
}

function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Positions with a score above zero, the highest first. */
function best(scores: readonly number[]): number[] {
  return scores
    .map((score, at) => ({ score, at }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ at }) => at);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
