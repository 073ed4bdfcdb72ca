export interface FailureRecord {
  /** Stage that failed: scan, extract, chunk, embed, upsert, verify or commit. */
  readonly stage: string;
  /** Code of the registry in `activities/errors.ts`. */
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  /** Of pipeline and limits under which the content of the file was found at fault; absent for other failures. */
  readonly fingerprint?: string | undefined;
}

/** Keys in the artifact store of what a revision was made of. */
export interface ArtifactKeys {
  readonly pages: string;
  readonly chunks: string;
  readonly vectors: string;
}

/** One record a book. `revision` is what searches may return; it stays when a later ingestion fails. */
export interface BookRecord {
  readonly bookId: string;
  readonly library: string;
  /** Absolute path of the source. */
  readonly path: string;
  readonly title: string | null;
  readonly author: string | null;
  readonly format: string | null;
  /** Outcome of the last ingestion. */
  readonly state: 'ingested' | 'failed' | 'cancelled';
  /** Committed revision; null when the book was never ingested. */
  readonly revision: string | null;
  /** SHA-256 of the source at its last ingestion, hex; null when it was never read. */
  readonly sha256: string | null;
  /** Size of the source in bytes. */
  readonly bytes: number;
  /** Modification time of the source in milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Pipeline fingerprint of the last ingestion. */
  readonly pipeline: string;
  /** Pages (PDF) or sections of the committed revision. */
  readonly pages: number;
  /** What its file was too damaged to give: pages, or parts of an EPUB that are listed and not there. Absent when it gave all. */
  readonly unreadable?: number | undefined;
  /** Chunks of the committed revision. */
  readonly chunks: number;
  /** Artifacts of the committed revision; null when there is none, and in records of version 0.1. */
  readonly artifacts: ArtifactKeys | null;
  /** Set exactly when state is `failed`. */
  readonly failure: FailureRecord | null;
  /** Workflow that wrote the record. */
  readonly workflowId: string;
  /** Milliseconds since 1970. */
  readonly updatedAtMs: number;
}

/** What a library is pinned to. */
export interface LibraryRecord {
  readonly library: string;
  /** `Embedder.id` of all its vectors. */
  readonly embedderId: string;
  readonly dimensions: number;
}

export interface BookQuery {
  readonly library?: string;
  /** In one of these. */
  readonly libraries?: readonly string[];
  readonly state?: BookRecord['state'];
  /** Continue after this book id. */
  readonly after?: string;
  readonly limit: number;
}

/** The record of every book and library, kept beside the vectors. Throws what `VectorStore` throws. */
export interface Catalog extends AsyncDisposable {
  get(bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>>;
  /** Inserts or replaces by book id; acknowledged when the promise resolves. */
  put(record: BookRecord): Promise<void>;
  /** Ordered by book id. */
  list(query: BookQuery): Promise<readonly BookRecord[]>;
  remove(bookIds: readonly string[]): Promise<void>;
  getLibrary(library: string): Promise<LibraryRecord | null>;
  putLibrary(record: LibraryRecord): Promise<void>;
  listLibraries(): Promise<readonly LibraryRecord[]>;
  /**
   * The corpus epoch: another number, greater as a rule, once any record of a book was put or removed by whatever
   * process. It may also change when none was.
   */
  epoch(): Promise<number>;
}
