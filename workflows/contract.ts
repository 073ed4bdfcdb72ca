/**
 * What passes between people, programs and the workflows: names, inputs, results, signals and queries.
 * Only types, schemas and constants: it may be imported from anywhere.
 */
import { z } from 'zod';
import { isCarriedRun, NOT_CARRIED } from './carried-contract.ts';
import type { CarriedState } from './carried-state.ts';
import { neighbours, perBook, searchFilters, searchMode } from './filter-contract.ts';
import { answerDeadlineMs } from './question-contract.ts';
import type { FormatWork, ProgressSample, RunState } from './run-contract.ts';

export * from './names.ts';

export const DEFAULT_LIBRARY = 'default';
export const DEFAULT_PARALLEL = 5;
export const DEFAULT_TOP_K = 10;

// ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const libraryName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u,
    'a library name has 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit',
  );
/** Several to look in at once; sorted, so that the same ones are the same however they are named. */
export const libraryNames = z
  .array(libraryName)
  .min(1)
  .max(1_000)
  .transform((names) => [...new Set(names)].sort());
/** Children in flight at once. */
export const parallel = z.int().min(1).max(500);
/** Hits of a search, or passages of an answer. */
export const topK = z.int().min(1).max(100);
/** 8,000 characters are far more than a model reads of a question. */
export const questionText = z
  .string()
  .max(8_000, 'a question has at most 8,000 characters')
  .regex(/[\p{L}\p{N}]/u, 'a question needs at least one letter or digit');

/**
 * Bytes of all paths of a run, as JSON. They travel with every step of it, beside what it carries along, and a payload of
 * 2 MB is refused: the run would be stuck. Enough for 9,000 paths of 100 characters; a folder is one path.
 */
export const MAX_PATHS_BYTES = 1_000_000;

function bytesOf(paths: readonly string[]): number {
  return new TextEncoder().encode(JSON.stringify(paths)).byteLength;
}

/** What a person gives to start a run; `temporal workflow start --type ingestLibrary --input '{"paths":["/books"]}'`. */
export const ingestLibraryInput = z
  .strictObject({
    /** Absolute paths of files and folders, as the workers see them. */
    paths: z
      .array(z.string().regex(/^(\/|[A-Za-z]:[\\/]|\\\\)/, 'a path must be absolute'))
      .min(1, 'name at least one file or folder')
      .max(10_000)
      .optional(),
    library: libraryName.default(DEFAULT_LIBRARY),
    parallel: parallel.default(DEFAULT_PARALLEL),
    /** Instead of paths: the books of the library that failed; `all` also those whose content is at fault. */
    retry: z.enum(['failed', 'all']).optional(),
    /** Removes the books below the paths whose source is gone; refused when more than a tenth would go. */
    prune: z.boolean().default(false),
    /** Prunes however many would go. */
    force: z.boolean().default(false),
    /** Set by the workflow itself when it continues as new. */
    carried: z.custom<CarriedState>(isCarriedRun, NOT_CARRIED).optional(),
  })
  .refine(({ paths, retry }) => (paths === undefined) !== (retry === undefined), {
    path: ['paths'],
    message: 'name at least one file or folder, or else what to retry',
  })
  // A run that began before there was this limit goes on.
  .refine(({ paths, carried }) => carried !== undefined || bytesOf(paths ?? []) <= MAX_PATHS_BYTES, {
    path: ['paths'],
    message: `all paths together have at most ${MAX_PATHS_BYTES.toLocaleString('en')} bytes; name folders instead of files`,
  });
export type IngestLibraryInput = z.input<typeof ingestLibraryInput>;

export const askInput = z.strictObject({
  question: questionText,
  /** All libraries when left out. */
  library: libraryName.optional(),
  /** Only these; with `library`, that one where it is among them. */
  libraries: libraryNames.optional(),
  filters: searchFilters.optional(),
  topK: topK.default(DEFAULT_TOP_K),
  perBook: perBook.optional(),
  /** Time for the whole answer; the setting SCRIPTORIUM_ANSWER_TIMEOUT_S when left out. */
  deadlineMs: answerDeadlineMs.optional(),
  /** Quotes from the books, though a model that writes is configured. */
  extractive: z.boolean().optional(),
});
export type AskInput = z.input<typeof askInput>;

export const searchInput = z.strictObject({
  query: questionText,
  library: libraryName.optional(),
  libraries: libraryNames.optional(),
  filters: searchFilters.optional(),
  topK: topK.default(DEFAULT_TOP_K),
  perBook: perBook.optional(),
  mode: searchMode.optional(),
  neighbours: neighbours.optional(),
});
export type SearchInput = z.input<typeof searchInput>;

export const bookState = z.enum(['ingested', 'failed', 'cancelled']);
export const listBooksInput = z.strictObject({
  library: libraryName.optional(),
  libraries: libraryNames.optional(),
  state: bookState.optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(200).default(200),
});
export type ListBooksInput = z.input<typeof listBooksInput>;

// ── ingestion ───────────────────────────────────────────────────────────────────────────────────────────────────

export const stages = ['scan', 'extract', 'chunk', 'embed', 'upsert', 'verify', 'commit'] as const;
export type Stage = (typeof stages)[number];

export interface BookFailure {
  readonly path: string;
  readonly stage: Stage;
  /** Code of the registry in `activities/errors.ts`. */
  readonly code: string;
  /** What happened and what to do. */
  readonly message: string;
  readonly attempts: number;
}

/** A book that a run has to ingest. */
export interface ManifestEntry {
  readonly bookId: string;
  readonly path: string;
  readonly bytes: number;
  /** Modification time when it was found, in milliseconds since 1970; absent in manifests of version 0.1. */
  readonly mtimeMs?: number;
  /** The catalog had no revision of it when it was found: there is nothing that could be used again. */
  readonly isNew?: true;
}

/** A book of a manifest, by its place over all manifests of the run. */
export interface WaitingBook {
  readonly ordinal: number;
  readonly entry: ManifestEntry;
}

export interface ScanResult {
  /** Artifact with one `ManifestEntry` a record. */
  readonly manifestKey: string;
  readonly toIngest: number;
  readonly unchanged: number;
  /** Paths that can't be ingested at all; the first hundred are listed, or as many as fit. */
  readonly failed: number;
  readonly failures: readonly BookFailure[];
  /** Files passed over because they are of no supported format, by ending: the thirty most frequent, and `(other)`. */
  readonly skippedFiles: Readonly<Record<string, number>>;
  /** Bytes of the books to ingest, by ending (`.pdf`). This and what follows is absent in runs of version 0.1. */
  readonly formats?: Readonly<Record<string, number>>;
  /** Books that were removed because their source is gone. */
  readonly pruned?: number;
  /** Whether the namespace has Scriptorium's search attributes. */
  readonly searchAttributes?: boolean;
  /** Failed paths that were looked at again; absent in a scan of other paths, and before version 0.7. */
  readonly retried?: number;
  /** When it began, in milliseconds since 1970, by the clock of the worker; absent in runs of before it was told. */
  readonly scannedAtMs?: number;
}

export interface IngestBookInput extends ManifestEntry {
  readonly library: string;
  /** Workflow to tell when the book is done. */
  readonly reportTo: string;
  /**
   * A book that was ingested sets its last search attributes as it ends, and not before it reports; absent in runs of versions
   * before 0.6. No `patched`: its marker would be an entry of Temporal's index itself, which is what this saves.
   */
  readonly attributesLast?: true;
}

export type BookOutcome =
  | {
      readonly outcome: 'ingested';
      readonly chunks: number;
      readonly pages: number;
      /** Pages or parts that the file is too damaged to give; absent when it gave all. */
      readonly unreadable?: number;
    }
  | { readonly outcome: 'failed'; readonly failure: BookFailure }
  /** `removed`: what was found under its id was the book's removal. */
  | { readonly outcome: 'cancelled'; readonly removed?: true };

export type BookReport = { readonly bookId: string } & BookOutcome;

export interface BookCounts {
  readonly total: number;
  readonly ingested: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Of those that were ingested: with pages or parts that their files are too damaged to give. Absent when there are none. */
  readonly incomplete?: number | undefined;
}

export interface RunningBook {
  readonly bookId: string;
  readonly path: string;
  readonly startedAtMs: number;
  /** Size of the source; absent in runs of version 0.1. */
  readonly bytes?: number;
  /** Set while a child that another run started is at work on it. */
  readonly adopted?: true;
  /** Such a book was cancelled by name meanwhile. */
  readonly unwanted?: true;
}

/** Query on a run: where it stands. */
export const runProgressQuery = 'runProgress';
export interface RunProgress {
  readonly library: string;
  readonly state: RunState;
  readonly parallel: number;
  readonly books: BookCounts;
  readonly chunks: number;
  /** Work by ending of the file name. */
  readonly formats: Readonly<Record<string, FormatWork>>;
  /** Of the last minutes; they outlive restarts and new steps of the run. */
  readonly samples: readonly ProgressSample[];
  readonly running: readonly RunningBook[];
  /** The latest failures, at most `MAX_LISTED_FAILURES`. */
  readonly failures: readonly BookFailure[];
  readonly startedAtMs: number;
  /** As in the result; absent while the run looks for books, and in runs of before they were told. */
  readonly skippedFiles?: Readonly<Record<string, number>>;
  readonly pruned?: number;
}

/** Answer to `bookProgressQuery`: the stage of a book, and its counts so far. */
export interface BookProgress {
  readonly bookId: string;
  readonly path: string;
  readonly stage: Exclude<Stage, 'scan'>;
  /** Pages or sections; null before they are known. */
  readonly pages: number | null;
  readonly chunks: number | null;
}

/** Last heartbeat of a long activity. */
export interface HeartbeatProgress {
  readonly done: number;
  readonly total: number | null;
}

/** A run lists at most this many failures; the catalog has them all. */
export const MAX_LISTED_FAILURES = 100;

export interface IngestLibraryResult {
  readonly workflowId: string;
  readonly library: string;
  readonly books: BookCounts;
  readonly chunks: number;
  /** The latest failures, at most `MAX_LISTED_FAILURES`. */
  readonly failures: readonly BookFailure[];
  readonly skippedFiles: Readonly<Record<string, number>>;
  /** Books that were removed because their source is gone; absent in runs of version 0.1. */
  readonly pruned?: number;
  readonly seconds: number;
}
