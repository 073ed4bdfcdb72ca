/**
 * What the store keeps of a chunk, beside its vector. All passages of one revision have the same library, title, author,
 * language, year, format and path.
 */
export interface StoredPassage {
  /** UUIDv5 of book id, revision and ordinal. */
  readonly id: string;
  readonly bookId: string;
  readonly revision: string;
  readonly library: string;
  readonly ordinal: number;
  readonly text: string;
  readonly title: string;
  readonly author: string | null;
  readonly language: string | null;
  readonly year: number | null;
  readonly format: string;
  /** Absolute path of the source. */
  readonly path: string;
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

export interface StoredPoint extends StoredPassage {
  /** Unit vector. */
  readonly vector: Float32Array;
}

export interface StoredHit extends StoredPassage {
  /** Cosine similarity, −1 to 1, of `search`; BM25 of `searchText`, above 0 and only good to compare with others of it. */
  readonly score: number;
}

/** What tells a point from others, without its text and vector. */
export type PointKey = Pick<StoredPassage, 'id' | 'bookId' | 'library' | 'revision' | 'ordinal'>;

/** Whole numbers, both ends included; an end that is left out is open. */
export interface NumberRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** All that is given must hold. Texts must be the same, letter by letter. */
export interface SearchFilter {
  readonly library?: string | undefined;
  /** In one of these. */
  readonly libraries?: readonly string[] | undefined;
  readonly bookId?: string | undefined;
  readonly title?: string | undefined;
  readonly author?: string | undefined;
  readonly language?: string | undefined;
  readonly format?: string | undefined;
  /** A heading of the passage's trail. */
  readonly section?: string | undefined;
  /** A passage that shares a page with it; one without pages does not. */
  readonly pages?: NumberRange | undefined;
  /** A book without a year is in no range. */
  readonly years?: NumberRange | undefined;
}

/** What a round of upkeep did. */
export interface Upkeep {
  /** One line a thing that was done; empty when there was nothing to do. */
  readonly done: readonly string[];
  /** True when there is more to do, for example because another process was at it. */
  readonly more: boolean;
}

export interface UpsertOptions {
  /**
   * Nobody has written these points, and nobody will before this moment (milliseconds since 1970): until then a store need
   * not look for them first. Where it was not so after all, they are there twice.
   */
  readonly newUntilMs?: number | undefined;
}

export interface TextSearchOptions {
  /**
   * Points that were written a moment ago may be left out where it would take long to read them: for whom a search by
   * meaning finds them beside this one. Default false.
   */
  readonly promptly?: boolean;
  /** Called where they were. */
  readonly onLeftOut?: () => void;
}

/** Where a passage lies: so many after another one of the same revision, or before it where that is negative. */
export interface NearPassage {
  readonly id: string;
  readonly after: number;
}

export interface GetOptions {
  /** By the ids of those that are asked for: passages that searches gave, near which a store may find them faster. */
  readonly near?: ReadonlyMap<string, NearPassage>;
}

/**
 * Vectors and passages of one embedding model. Every write has been acknowledged by the store when its promise
 * resolves, and doing it again changes nothing.
 * All methods throw ScriptoriumError STORE_UNREACHABLE, STORE_REJECTED or DISK_FULL.
 */
export interface VectorStore extends AsyncDisposable {
  /** Most points to hand to one `upsert`. */
  readonly maxPointsPerWrite: number;
  /** Inserts or replaces by id. Throws STORE_REJECTED, and writes nothing, when a vector has another size than the store's. */
  upsert(points: readonly StoredPoint[], options?: UpsertOptions): Promise<void>;
  /** Points of a book, or of one of its revisions. Rows that share an id are counted each. */
  count(bookId: string, revision?: string): Promise<number>;
  /** Deletes every point of the book that is not of `revision`. Resolves to how many there were. */
  deleteStale(bookId: string, revision: string): Promise<number>;
  /** Deletes the points of a book, or of one of its revisions. */
  delete(bookId: string, revision?: string): Promise<void>;
  /** Deletes these points of a book, every copy of each; ids that are not there are passed over. */
  deletePoints(bookId: string, ids: readonly string[]): Promise<void>;
  /**
   * Every point, in pages of any size and order; rows that share an id are given each. Memory does not grow with the
   * store. What is written meanwhile may be given or not.
   */
  scan(filter: SearchFilter): AsyncIterable<readonly PointKey[]>;
  /** The `limit` nearest points, best first. An empty store gives none. */
  search(vector: Float32Array, filter: SearchFilter, limit: number): Promise<readonly StoredHit[]>;
  /**
   * The `limit` points that share the most telling words with the text (BM25), best first; points without a word of it
   * are left out. What was acknowledged is found, whether an index holds it already or not.
   */
  searchText(
    text: string,
    filter: SearchFilter,
    limit: number,
    options?: TextSearchOptions,
  ): Promise<readonly StoredHit[]>;
  /** Passages by id; ids that are not there are left out. */
  get(ids: readonly string[], options?: GetOptions): Promise<readonly StoredPassage[]>;
  /** Whether `maintain` would have something to do. Costs milliseconds. */
  needsUpkeep(): Promise<boolean>;
  /**
   * Builds the indexes that pay, takes new points into them, and compacts. Searches and writes go on meanwhile, and what
   * they give is the same before, during and after it. Ended in the middle, it loses nothing.
   */
  maintain(signal: AbortSignal): Promise<Upkeep>;
  /** Throws STORE_UNREACHABLE when the store does not answer; resolves to one line that says what it is. */
  health(): Promise<string>;
}
