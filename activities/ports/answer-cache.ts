/** A book that an answer was made from, as it was then. */
export interface AnswerSource {
  readonly bookId: string;
  /** Committed revision whose passages were read. */
  readonly revision: string;
}

/** An answer that may be given again, with all that decides whether it may. */
export interface StoredAnswer {
  /** Id of scope and question. */
  readonly key: string;
  /** Where and how was asked: filters, number of passages, who writes. Answers of two scopes never stand for each other. */
  readonly scope: string;
  /** As it was asked, normalised. */
  readonly question: string;
  /** The answer as JSON. */
  readonly answer: string;
  /** Every book of which a passage was read, cited or not. */
  readonly sources: readonly AnswerSource[];
  /** `Catalog.epoch` before the passages were searched. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
}

export interface NearAnswer {
  readonly stored: StoredAnswer;
  /** Cosine similarity of the two questions, −1 to 1. */
  readonly similarity: number;
}

/**
 * Answers by the vectors of their questions, beside the vectors of the books and shared by all processes; one for each
 * embedding model. It only keeps: whether an answer may still be given is for its users to decide.
 * All methods throw what `VectorStore` throws.
 */
export interface AnswerCache extends AsyncDisposable {
  /** The `limit` answers of the scope whose questions are nearest, best first. */
  nearest(vector: Float32Array, scope: string, limit: number): Promise<readonly NearAnswer[]>;
  /** Inserts or replaces by key. */
  put(answer: StoredAnswer, vector: Float32Array): Promise<void>;
  /** Removes this very entry; one that was put since under the same key stays. */
  remove(answer: Pick<StoredAnswer, 'key' | 'madeAtMs'>): Promise<void>;
  /** Answers that are kept. */
  count(): Promise<number>;
  /** Removes those made before the time. Resolves to how many there were. */
  removeBefore(madeAtMs: number): Promise<number>;
  /** Removes the oldest, so that at most so many stay. Resolves to how many there were. */
  trim(entries: number): Promise<number>;
  /** Removes all, and tells every process so by `clearedAtMs`. Resolves to how many there were. */
  clear(atMs: number): Promise<number>;
  /** When `clear` was called last, by any process; 0 when never. What was made before is not to be given. */
  clearedAtMs(): Promise<number>;
}
