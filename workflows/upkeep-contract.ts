/** What passes between people, programs and the workflows that look after a library: remove, verify, gc, explain. */
import { z } from 'zod';
import { DEFAULT_LIBRARY, libraryName } from './contract.ts';
import type { BookSummary, PageRange } from './result-contract.ts';

export const upkeepWorkflows = {
  removeBook: 'removeBook',
  verifyLibrary: 'verifyLibrary',
  collectGarbage: 'collectGarbage',
  maintainStore: 'maintainStore',
  explain: 'explain',
} as const;

/** One verification of a library at a time; without a name, of all. */
export const verifyId = (library: string | undefined): string =>
  library === undefined ? 'verify' : `verify/${library}`;
export const GARBAGE_ID = 'gc';
/** One at a time, whoever starts it. */
export const MAINTAIN_ID = 'maintain-store';

const HOUR_MS = 3_600_000;
/** A book that failed yesterday is likely tried again today, and then needs what was made of it. */
export const DEFAULT_GRACE_MS = 24 * HOUR_MS;

// ── maintain ────────────────────────────────────────────────────────────────────────────────────────────────────

export const maintainInput = z.strictObject({});
export type MaintainInput = z.input<typeof maintainInput>;

export interface MaintainResult {
  /** A line for each thing that was done. */
  readonly done: readonly string[];
}

// ── remove ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The workflow's id must be `ingestBookId(library, bookId)`: so Temporal sees to it that nobody ingests the book meanwhile. */
export const removeBookInput = z.strictObject({ library: libraryName, bookId: z.uuid() });
export type RemoveBookInput = z.input<typeof removeBookInput>;

export interface RemovedBook {
  readonly bookId: string;
  readonly library: string;
  /** Null when only points were left of it. */
  readonly path: string | null;
  readonly title: string | null;
  /** Points that the store held of it. */
  readonly points: number;
}

// ── verify ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const verifyInput = z.strictObject({
  /** All libraries when left out. */
  library: libraryName.optional(),
  repair: z.boolean().default(false),
});
export type VerifyInput = z.input<typeof verifyInput>;

/**
 * `missing`: a chunk of the committed revision that the store lacks. `surplus`: a point of it that is there twice, or
 * that no chunk has. `stale`: a point of another revision. `foreign`: a point of a book that the catalog does not know.
 */
export const pointFaults = ['missing', 'surplus', 'stale', 'foreign'] as const;
export type PointFault = (typeof pointFaults)[number];
export type FaultCounts = Readonly<Record<PointFault, number>>;

/** What is wrong with one book. */
export interface BookFault extends FaultCounts {
  readonly bookId: string;
  readonly library: string;
  /** Null when the catalog does not know the book. */
  readonly path: string | null;
  /** The first `MAX_NAMED_POINTS` of them. */
  readonly points: readonly { readonly fault: PointFault; readonly id: string }[];
  /** Keys of intermediate files that were damaged. */
  readonly damagedArtifacts: readonly string[];
  readonly mended: boolean;
  /** What to do; null when it was mended. */
  readonly remedy: string | null;
}
export const MAX_NAMED_POINTS = 20;

export interface VerifyResult {
  /** Null: all libraries. */
  readonly library: string | null;
  readonly repair: boolean;
  readonly books: number;
  readonly points: number;
  /** Intermediate files: read whole and found good; gone, which costs nothing but time; damaged, and so dropped. */
  readonly artifacts: { readonly read: number; readonly gone: number; readonly damaged: number };
  readonly found: FaultCounts;
  readonly faultyBooks: number;
  readonly mendedBooks: number;
  /** Books that were ingested or removed at the same time, and so not judged. */
  readonly busyBooks: number;
  /** Libraries of another model, whose points can't be seen. */
  readonly skippedLibraries: readonly string[];
  /** True when there were more books with faults than are looked at in one go: verify again. */
  readonly incomplete: boolean;
  /** As many of the faulty books as fit into 48 KB; those that are left unmended first. */
  readonly faults: readonly BookFault[];
}

/** True when all was looked at, and nothing is wrong, or nothing any more. */
export function isSound({ faultyBooks, mendedBooks, incomplete, skippedLibraries }: VerifyResult): boolean {
  return faultyBooks === mendedBooks && !incomplete && skippedLibraries.length === 0;
}

// ── gc ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export const garbageInput = z.strictObject({
  /** Nothing is dropped, only counted. */
  dryRun: z.boolean().default(false),
  /** Files that were written in this time stay. */
  graceMs: z.int().min(0).default(DEFAULT_GRACE_MS),
  /** Even where the catalog knows no finished book. */
  force: z.boolean().default(false),
});
export type GarbageInput = z.input<typeof garbageInput>;

export interface FileCount {
  readonly files: number;
  readonly bytes: number;
}

export interface GarbageResult {
  readonly dryRun: boolean;
  /** Dropped, or what would be, by kind: pages, chunks, vectors, manifests, and `partial` for unfinished ones. */
  readonly dropped: Readonly<Record<string, FileCount>>;
  /** Files that committed books need. */
  readonly needed: FileCount;
  /** Files that nobody needs, but that are younger than the grace. */
  readonly young: FileCount;
}

// ── explain ─────────────────────────────────────────────────────────────────────────────────────────────────────

export const explainInput = z.strictObject({
  /** Id of a book or chunk, path of a book, workflow id of a run or book, or name of a library. */
  id: z.string().min(1, 'name a book, a chunk or a run').max(8_192),
  /** The id as an absolute path, where it may be one. */
  path: z.string().max(8_192).optional(),
  /** Library of a book that is named by its path. */
  library: libraryName.default(DEFAULT_LIBRARY),
});
export type ExplainInput = z.input<typeof explainInput>;

/** What the catalog and the store know of a book. */
export interface BookExplanation extends BookSummary {
  readonly format: string | null;
  /** Of the source at its last ingestion, hex. */
  readonly sha256: string | null;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Fingerprint of the pipeline that made the revision, and of the one that is configured now. */
  readonly pipeline: string;
  readonly currentPipeline: string;
  readonly artifacts: { readonly pages: string; readonly chunks: string; readonly vectors: string } | null;
  /** Points of the committed revision that the store holds. */
  readonly points: number;
  /** Workflow that wrote the record. */
  readonly workflowId: string;
  readonly updatedAtMs: number;
}

export interface ChunkExplanation {
  readonly chunkId: string;
  readonly ordinal: number;
  readonly page: PageRange | null;
  readonly section: readonly string[];
  readonly text: string;
  readonly revision: string;
  /** True when it is of the committed revision, and so what searches give. */
  readonly searchable: boolean;
}

export type Explained =
  | { readonly kind: 'book'; readonly book: BookExplanation }
  | {
      readonly kind: 'chunk';
      readonly chunk: ChunkExplanation;
      /** Null when the catalog does not know its book. */
      readonly book: BookExplanation | null;
    }
  | {
      readonly kind: 'run';
      readonly library: string;
      readonly workflowId: string;
      readonly embedderId: string;
      readonly dimensions: number;
    };
