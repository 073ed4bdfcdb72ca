/**
 * BM25 as the product of two sparse vectors: the weights of a passage's words are made here, and the server multiplies
 * them by the words' IDF over the collection (modifier `idf`). Made here and not by the server's own inference, so that
 * every version of the server, and every point of a collection, has the same words. Pure.
 */
import { wordsOf } from '../../text/words.ts';

export interface SparseVector {
  readonly indices: number[];
  readonly values: number[];
}

/** Robertson and Zaragoza 2009: how soon repetition stops to count, and how much a long passage is held to account. */
const K1 = 1.2;
const B = 0.75;
/** Telling words of a passage of 256 tokens, about. A constant: the weights of a point do not hang on its neighbours. */
const AVERAGE_WORDS = 100;

/** Of a passage. A text without words has an empty vector. */
export function passageWords(text: string): SparseVector {
  const words = wordsOf(text);
  const saturation = K1 * (1 - B + (B * words.length) / AVERAGE_WORDS);
  return sparse(words, (count) => (count * (K1 + 1)) / (count + saturation));
}

/** Of a question: each of its words counts once. */
export function questionWords(text: string): SparseVector {
  return sparse(wordsOf(text), () => 1);
}

function sparse(words: readonly string[], weightOf: (count: number) => number): SparseVector {
  const counts = new Map<number, number>();
  for (const word of words) {
    const index = indexOf(word);
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return { indices: [...counts.keys()], values: [...counts.values()].map(weightOf) };
}

/** FNV-1a over UTF-16 units, 32 bits: of 100,000 words one pair in common is to be expected. */
function indexOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
