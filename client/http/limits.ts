/** What one asker may take of the server. */
export interface HttpLimits {
  /** Requests a minute of one key. A server without keys, on loopback only, counts none. */
  readonly requestsPerMinute: number;
  /** Open streams of one key. */
  readonly streams: number;
  /** Origins of pages that browsers may let in; none as a rule. */
  readonly corsOrigins: readonly string[];
  /** A sender must have sent a whole body of JSON after this long. Default `BODY_TIMEOUT_MS`. */
  readonly bodyTimeoutMs?: number;
}

/** What an upload may take. */
export interface UploadLimits {
  /** Largest file, in bytes. */
  readonly maxFileBytes: number;
  /** Largest request, all files together, in bytes. */
  readonly maxUploadBytes: number;
  /** Uploads of one key that come in at once. */
  readonly uploadsAtOnce: number;
  /** Slowest upload, in bytes a second on the average of all of it. */
  readonly leastUploadRate: number;
  /** That average counts after so long. */
  readonly uploadGraceMs: number;
  /** What an upload must leave free of the disk, in bytes. */
  readonly minFreeBytes: number;
}

/** The average of an upload counts after so long. */
export const UPLOAD_GRACE_MS = 30_000;
/** Largest JSON body: a hundred paths, or a question of 8,000 characters. In bytes. */
export const MAX_JSON_BYTES = 512 * 1024;
/** Files of one upload. */
export const MAX_FILES = 100;
/** A sender must have sent the head of a request after this long. */
export const HEAD_TIMEOUT_MS = 10_000;
/** The same for a whole body of JSON, unless it is set otherwise. */
export const BODY_TIMEOUT_MS = 15_000;
/** Longest silence on a connection on which a request comes in. */
export const IDLE_TIMEOUT_MS = 30_000;
/** Longest address, in characters, of one part: a job's id is the longest. */
export const MAX_PARAM = 256;
