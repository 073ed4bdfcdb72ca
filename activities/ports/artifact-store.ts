/**
 * Files of records, named by the hash of their inputs. An artifact is written beside its place, and is there from one moment
 * to the next when it is whole; a half-written one is found again by the next attempt of the same owner.
 *
 * All methods throw ScriptoriumError DISK_FULL, DISK_UNREACHABLE, ARTIFACTS_UNREACHABLE, ARTIFACTS_OVERLOADED,
 * ARTIFACTS_DENIED or ARTIFACTS_REJECTED.
 */
export interface ArtifactStore {
  /** Opens a finished artifact; null when there is none. */
  open(key: string): Promise<ArtifactReader | null>;
  /**
   * Starts an artifact: `fresh`, or going on with what an earlier attempt of `owner` left. Of a fresh one an attempt that
   * dies may leave nothing.
   */
  create(key: string, owner: string, mode: 'resume' | 'fresh'): Promise<ArtifactWriter>;
  /** Drops a finished artifact, for example because it is damaged. */
  remove(key: string): Promise<void>;
  /** Everything that is there, finished or not, in any order. */
  list(): AsyncIterable<ListedArtifact>;
  /** Drops exactly what was listed; no error when it is gone already. */
  discard(listed: ListedArtifact): Promise<void>;
}

export interface ListedArtifact {
  readonly key: string;
  /** Null when it is finished; else a name for whoever is writing it. */
  readonly partialOf: string | null;
  readonly bytes: number;
  /** Last write, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

export interface ArtifactReader extends AsyncDisposable {
  /** What the writer gave to `commit`. */
  readonly summary: unknown;
  /** Number of records. */
  readonly records: number;
  /**
   * Records from ordinal `from`, in order.
   * @throws ScriptoriumError ARTIFACT_CORRUPT when a checksum fails, a record is missing, or it was removed meanwhile
   */
  read(from?: number): AsyncIterable<Buffer>;
}

export interface ArtifactWriter extends AsyncDisposable {
  /** Records that are there already; the next `append` writes the record with this ordinal. */
  readonly records: number;
  /** Appends records in order. When it resolves, they outlive the process, unless the artifact was created `fresh`. */
  append(records: readonly Uint8Array[]): Promise<void>;
  /** Records written so far. */
  read(from?: number): AsyncIterable<Buffer>;
  /** Makes it whole: durable and in its place. `summary` is JSON. */
  commit(summary: unknown): Promise<void>;
}
