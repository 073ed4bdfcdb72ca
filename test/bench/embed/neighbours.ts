/** How many of the nearest passages stay the nearest when the vectors are made by another file. */

/** The `count` nearest others of a vector, by cosine; all vectors have length one. */
function nearest(vectors: readonly Float32Array[], of: number, count: number): Set<number> {
  const own = vectors[of] ?? new Float32Array();
  const best: { at: number; dot: number }[] = [];
  let least = -2;
  for (const [at, vector] of vectors.entries()) {
    const found = at === of ? -2 : dot(own, vector);
    if (best.length === count && found <= least) continue;
    best.push({ at, dot: found });
    best.sort((a, b) => b.dot - a.dot).splice(count);
    least = best.at(-1)?.dot ?? -2;
  }
  return new Set(best.map(({ at }) => at));
}

export interface Nearness {
  /** Mean and least cosine of a vector to its reference. */
  readonly cosine: number;
  readonly leastCosine: number;
  /** Mean share of the ten nearest by the reference that are among the ten nearest. */
  readonly recallAt10: number;
}

/** @param queries as many of the vectors, evenly spread, are asked with */
export function nearnessOf(
  reference: readonly Float32Array[],
  vectors: readonly Float32Array[],
  queries: number,
): Nearness {
  const cosines = reference.map((vector, at) => dot(vector, vectors[at] ?? new Float32Array()));
  let kept = 0;
  for (let query = 0; query < queries; query++) {
    const at = Math.floor((query * vectors.length) / queries);
    const right = nearest(reference, at, 10);
    kept += [...nearest(vectors, at, 10)].filter((found) => right.has(found)).length / 10;
  }
  return {
    cosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
    leastCosine: cosines.reduce((least, cosine) => Math.min(least, cosine), 1),
    recallAt10: kept / queries,
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
