/** The nearest of all vectors to each of some questions, found by looking at every one; memory does not grow with their number. */
export class TrueNeighbours {
  readonly #queries: readonly Float32Array[];
  readonly #count: number;
  /** For each question the best so far, the nearest first. */
  readonly #best: { readonly id: string; readonly similarity: number }[][];

  /** @param queries unit vectors, as those that are looked at must be */
  constructor(queries: readonly Float32Array[], count: number) {
    this.#queries = queries;
    this.#count = count;
    this.#best = queries.map(() => []);
  }

  look(id: string, vector: Float32Array): void {
    for (const [at, query] of this.#queries.entries()) {
      const best = this.#best[at] ?? [];
      const similarity = dot(query, vector);
      if (best.length === this.#count && similarity <= (best.at(-1)?.similarity ?? 0)) continue;
      const place = best.findIndex((other) => other.similarity < similarity);
      best.splice(place < 0 ? best.length : place, 0, { id, similarity });
      best.length = Math.min(best.length, this.#count);
    }
  }

  /** Share of the true neighbours that are among those found, over all questions, in their order. */
  recall(found: readonly (readonly string[])[]): number {
    const hits = this.#best.map((best, at) => best.filter(({ id }) => found[at]?.includes(id)).length);
    const wanted = this.#best.reduce((sum, best) => sum + best.length, 0);
    return hits.reduce((sum, hit) => sum + hit, 0) / wanted;
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
