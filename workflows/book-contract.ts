/** What passes between those who read a book page by page and the workflow that reads it out of the intermediate files. */
import { z } from 'zod';
import type { PageRange } from './result-contract.ts';

export const READ_BOOK_WORKFLOW = 'readBook';

/** Chunks that are given at once. */
export const MAX_CHUNKS = 100;
/** UTF-16 units of the texts that are given at once: a payload of Temporal's must not pass 2 MB. */
export const MAX_READ_TEXT = 400_000;

export const readBookInput = z.discriminatedUnion('what', [
  /** From 1: page of a PDF, section of anything else. */
  z.strictObject({ what: z.literal('page'), bookId: z.uuid(), n: z.int().min(1) }),
  /** Chunks after an ordinal; −1: from the first. */
  z.strictObject({
    what: z.literal('chunks'),
    bookId: z.uuid(),
    after: z.int().min(-1).default(-1),
    limit: z.int().min(1).max(MAX_CHUNKS).default(20),
  }),
]);
export type ReadBookInput = z.input<typeof readBookInput>;

// The arrays are as the schemas of client/http/contract.ts give them.

export interface PageOfBook {
  readonly bookId: string;
  /** From 1: page of a PDF, section of anything else. */
  readonly n: number;
  /** Pages, or sections, of the book. */
  readonly of: number;
  /** Null in formats without pages. */
  readonly page: number | null;
  readonly section: string[];
  readonly text: string;
}

export interface ChunkOfBook {
  readonly ordinal: number;
  readonly tokens: number;
  readonly page: PageRange | null;
  readonly section: string[];
  readonly text: string;
}

export interface ChunksOfBook {
  readonly chunks: ChunkOfBook[];
  /** Give it as `after` to go on; null at the end. */
  readonly next: number | null;
}
