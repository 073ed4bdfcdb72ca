/** Which points of a book are as the catalog says. Pure; a bit for each chunk. */
import { chunkIdOf } from './naming.ts';
import type { PointKey } from './ports/vector-store.ts';

/** What a book must have in the store. */
export interface ExpectedBook {
  readonly bookId: string;
  readonly library: string;
  /** Null: no point at all. */
  readonly revision: string | null;
  readonly chunks: number;
}

/**
 * `good`: expected, and met for the first time. `again`: expected, but met before, or in another library. `unknown`: of
 * the revision, but no chunk has this id. `stale`: of another revision.
 */
export type PointVerdict = 'good' | 'again' | 'unknown' | 'stale';

export class PointTally {
  readonly #book: ExpectedBook;
  readonly #seen: Uint8Array;
  #met = 0;

  constructor(book: ExpectedBook) {
    this.#book = book;
    this.#seen = new Uint8Array(Math.ceil(this.#expected / 8));
  }

  /** Counts a point of this book. */
  add({ id, library, revision, ordinal }: PointKey): PointVerdict {
    const { bookId } = this.#book;
    if (revision !== this.#book.revision) return 'stale';
    if (ordinal < 0 || ordinal >= this.#expected || id !== chunkIdOf(bookId, revision, ordinal))
      return 'unknown';
    if (!this.#mark(ordinal) || library !== this.#book.library) return 'again';
    return 'good';
  }

  /** Chunks whose point was not met. */
  get missing(): number {
    return this.#expected - this.#met;
  }

  /** Ids of the points that were not met, in the order of the book. */
  *missingIds(): Generator<string> {
    const { bookId, revision } = this.#book;
    for (let ordinal = 0; ordinal < this.#expected; ordinal++)
      if (revision !== null && !this.#has(ordinal)) yield chunkIdOf(bookId, revision, ordinal);
  }

  get #expected(): number {
    return this.#book.revision === null ? 0 : this.#book.chunks;
  }

  #has(ordinal: number): boolean {
    return ((this.#seen[ordinal >> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  /** False when it was met before. */
  #mark(ordinal: number): boolean {
    if (this.#has(ordinal)) return false;
    this.#seen[ordinal >> 3] = (this.#seen[ordinal >> 3] ?? 0) | (1 << (ordinal & 7));
    this.#met += 1;
    return true;
  }
}
