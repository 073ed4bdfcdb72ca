import { ScriptoriumError } from '../errors.ts';
import type { StoredPassage, StoredPoint } from '../ports/vector-store.ts';

/**
 * Refuses vectors that do not belong into a store of `dimensions`, before anything is written.
 * Numbers that are not finite are refused as well: one store would keep them, the other answer with a parse error.
 * @throws ScriptoriumError STORE_REJECTED, naming the first bad point
 */
export function requirePoints(points: readonly StoredPoint[], dimensions: number): void {
  for (const point of points) {
    requireVector(point.vector, dimensions, `point ${point.id} of book ${point.bookId} (${point.path})`);
  }
}

/** @throws ScriptoriumError STORE_REJECTED when the vector of `owner` has another size, or a number that is not finite */
export function requireVector(vector: Float32Array, dimensions: number, owner: string): void {
  if (vector.length !== dimensions) {
    throw new ScriptoriumError(
      'STORE_REJECTED',
      `The vector of ${owner} has ${vector.length} numbers, but this store keeps vectors of ${dimensions}; nothing was written.`,
    );
  }
  if (!vector.every(Number.isFinite)) {
    throw new ScriptoriumError(
      'STORE_REJECTED',
      `The vector of ${owner} holds a number that is not finite; nothing was written.`,
    );
  }
}

/**
 * The passage with every text as valid Unicode. Half of a surrogate pair, which broken books do contain, has no
 * UTF-8 form: LanceDB would silently keep another text than it was given, and Qdrant would refuse the whole request.
 */
export function wellFormedPassage<P extends StoredPassage>(passage: P): P {
  return {
    ...passage,
    library: passage.library.toWellFormed(),
    text: passage.text.toWellFormed(),
    title: passage.title.toWellFormed(),
    author: passage.author?.toWellFormed() ?? null,
    language: passage.language?.toWellFormed() ?? null,
    path: passage.path.toWellFormed(),
    section: passage.section.map((heading) => heading.toWellFormed()),
  };
}
