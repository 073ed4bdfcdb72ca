/**
 * Mean over tokens, then L2 norm 1, as the model was trained to be pooled (Reimers and Gurevych 2019, Sentence-BERT).
 * @param hidden last hidden state of one text, `tokens` × `dimensions`, row-major
 * @param into where the vector goes, `dimensions` long
 */
export function meanPool(hidden: Float32Array, tokens: number, into: Float32Array): void {
  const dimensions = into.length;
  into.fill(0);
  for (let token = 0, at = 0; token < tokens; token++) {
    for (let dimension = 0; dimension < dimensions; dimension++, at++)
      into[dimension] = (into[dimension] ?? 0) + (hidden[at] ?? 0);
  }
  // The mean's divisor cancels in the norm.
  let squares = 0;
  for (const value of into) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let dimension = 0; dimension < dimensions; dimension++)
    into[dimension] = (into[dimension] ?? 0) * scale;
}
