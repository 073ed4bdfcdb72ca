/** A catalog and a vector store in memory, for tests of the activities: what they were asked can be looked at, and spoiled. */
import type { BookQuery, BookRecord, Catalog, LibraryRecord } from '../../activities/ports/catalog.ts';
import type {
  StoredHit,
  StoredPassage,
  StoredPoint,
  Upkeep,
  UpsertOptions,
  VectorStore,
} from '../../activities/ports/vector-store.ts';
import { wordsOf } from '../../activities/text/words.ts';

export class MemoryCatalog implements Catalog {
  readonly books = new Map<string, BookRecord>();
  readonly libraries = new Map<string, LibraryRecord>();
  #epoch = 0;

  async get(bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>> {
    return new Map(
      bookIds.flatMap((id) => {
        const record = this.books.get(id);
        return record ? [[id, record] as const] : [];
      }),
    );
  }

  async put(record: BookRecord): Promise<void> {
    this.books.set(record.bookId, record);
    this.#epoch += 1;
  }

  async list({ library, libraries, state, after = '', limit }: BookQuery): Promise<readonly BookRecord[]> {
    return [...this.books.values()]
      .filter((book) => book.bookId > after)
      .filter((book) => (library ?? book.library) === book.library && (state ?? book.state) === book.state)
      .filter((book) => libraries?.includes(book.library) ?? true)
      .sort((a, b) => (a.bookId < b.bookId ? -1 : 1))
      .slice(0, limit);
  }

  async remove(bookIds: readonly string[]): Promise<void> {
    for (const id of bookIds) this.books.delete(id);
    this.#epoch += 1;
  }

  async epoch(): Promise<number> {
    return this.#epoch;
  }

  async getLibrary(library: string): Promise<LibraryRecord | null> {
    return this.libraries.get(library) ?? null;
  }

  async putLibrary(record: LibraryRecord): Promise<void> {
    this.libraries.set(record.library, record);
  }

  async listLibraries(): Promise<readonly LibraryRecord[]> {
    return [...this.libraries.values()];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export class MemoryVectorStore implements VectorStore {
  readonly maxPointsPerWrite: number;
  readonly points = new Map<string, StoredPoint>();
  /** Ordinals of the points of each call of `upsert`. */
  readonly upserts: number[][] = [];
  /** Until when the points of each call were said to be new. */
  readonly newUntilMs: (number | undefined)[] = [];
  /** Called before each write; what it throws is the store's answer. */
  refuse: (points: readonly StoredPoint[]) => void = () => {};

  constructor(maxPointsPerWrite = 8) {
    this.maxPointsPerWrite = maxPointsPerWrite;
  }

  async upsert(points: readonly StoredPoint[], { newUntilMs }: UpsertOptions = {}): Promise<void> {
    this.upserts.push(points.map(({ ordinal }) => ordinal));
    this.newUntilMs.push(newUntilMs);
    this.refuse(points);
    for (const point of points) this.points.set(point.id, point);
  }

  async count(bookId: string, revision?: string): Promise<number> {
    return this.#of(bookId, (each) => each === (revision ?? each)).length;
  }

  async deleteStale(bookId: string, revision: string): Promise<number> {
    return this.#delete(this.#of(bookId, (each) => each !== revision));
  }

  async delete(bookId: string, revision?: string): Promise<void> {
    this.#delete(this.#of(bookId, (each) => each === (revision ?? each)));
  }

  async search(vector: Float32Array, _filter: object, limit: number): Promise<readonly StoredHit[]> {
    const scored = [...this.points.values()].map((point) => ({
      ...point,
      score: point.vector.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0),
    }));
    return scored.sort((a, b) => b.score - a.score).slice(0, limit);
  }

  /** Counts common words: enough to tell what shares some from what shares none. */
  async searchText(text: string, _filter: object, limit: number): Promise<readonly StoredHit[]> {
    const words = new Set(wordsOf(text));
    const scored = [...this.points.values()].map((point) => ({
      ...point,
      score: wordsOf(point.text).filter((word) => words.has(word)).length,
    }));
    const found = scored.filter(({ score }) => score > 0);
    return found.sort((a, b) => b.score - a.score).slice(0, limit);
  }

  async needsUpkeep(): Promise<boolean> {
    return false;
  }

  async maintain(): Promise<Upkeep> {
    return { done: [], more: false };
  }

  async get(ids: readonly string[]): Promise<readonly StoredPassage[]> {
    return ids.flatMap((id) => this.points.get(id) ?? []);
  }

  async deletePoints(_bookId: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.points.delete(id);
  }

  async *scan(): AsyncGenerator<readonly StoredPoint[]> {
    yield [...this.points.values()];
  }

  async health(): Promise<string> {
    return 'memory';
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #of(bookId: string, isMeant: (revision: string) => boolean): StoredPoint[] {
    return [...this.points.values()].filter((point) => point.bookId === bookId && isMeant(point.revision));
  }

  #delete(points: readonly StoredPoint[]): number {
    for (const { id } of points) this.points.delete(id);
    return points.length;
  }
}
