import { z } from 'zod';

/** Which of the tokens' hidden states make the vector: all of them, the first, or the last. */
export const pooling = z.enum(['mean', 'cls', 'last']);
export type Pooling = z.infer<typeof pooling>;

/**
 * One vector of length 1, pooled as the model was trained to be (Reimers and Gurevych 2019, Sentence-BERT).
 * @param hidden last hidden state of one text, `tokens` × `dimensions`, row-major
 * @param into where the vector goes, `dimensions` long
 */
export function pool(hidden: Float32Array, tokens: number, how: Pooling, into: Float32Array): void {
  const dimensions = into.length;
  if (how === 'mean') sumOfTokens(hidden, tokens, into);
  else {
    const from = how === 'cls' ? 0 : (tokens - 1) * dimensions;
    into.set(hidden.subarray(from, from + dimensions));
  }
  normalize(into);
}

/** The mean's divisor cancels in the norm. */
function sumOfTokens(hidden: Float32Array, tokens: number, into: Float32Array): void {
  const dimensions = into.length;
  into.fill(0);
  for (let token = 0, at = 0; token < tokens; token++) {
    for (let dimension = 0; dimension < dimensions; dimension++, at++)
      into[dimension] = (into[dimension] ?? 0) + (hidden[at] ?? 0);
  }
}

/** Of what a graph pools itself: one that has the length already keeps every bit. */
export function normalizePooled(vector: Float32Array): void {
  const squares = vector.reduce((sum, value) => sum + value * value, 0);
  if (Math.abs(squares - 1) > 1e-3) normalize(vector);
}

function normalize(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let dimension = 0; dimension < vector.length; dimension++)
    vector[dimension] = (vector[dimension] ?? 0) * scale;
}
