/** What questions and listings give to people and programs. Only types. */
import type { z } from 'zod';
import type { BookFailure, bookState } from './contract.ts';
import type { CachedAs, Fallback } from './question-contract.ts';

// ── questions ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export interface SearchHit {
  /** 0 to 1; 1 is first by meaning and by words. Good to compare with others of the same search. */
  readonly score: number;
  /** Cosine of question and `chunkId`, −1 to 1; null when only its words were found. Absent in results of version 0.1. */
  readonly similarity?: number | null;
  readonly text: string;
  readonly title: string;
  readonly author: string | null;
  readonly page: PageRange | null;
  readonly section: readonly string[];
  readonly path: string;
  readonly bookId: string;
  /** The chunk that was found. */
  readonly chunkId: string;
  /** All chunks that the text is joined of, in the order of the book. Absent in results of version 0.1. */
  readonly chunkIds?: readonly string[];
}

/** Milliseconds spent in each stage. */
export type Timings = Readonly<Record<string, number>>;

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  readonly timings: Timings;
  /** Whether the reranker had the last word; false when it failed, absent when there is none. */
  readonly reranked?: boolean;
}

export interface Citation {
  /** Number that the answer uses, from 1. */
  readonly n: number;
  readonly title: string;
  readonly author: string | null;
  readonly page: PageRange | null;
  readonly section: readonly string[];
  readonly path: string;
  /** Absent in answers of versions before 0.4. */
  readonly bookId?: string | undefined;
  readonly chunkId: string;
  /** Words of the passage that the answer rests on. */
  readonly quote: string;
}

export interface Answer {
  readonly answer: string;
  readonly citations: readonly Citation[];
  /** Citations of passages that do not exist, which were removed from the answer. */
  readonly droppedCitations: readonly number[];
  readonly mode: 'extractive' | 'model';
  /** Sentences that no passage supports, which were removed from the answer; absent where no model wrote it. */
  readonly droppedClaims?: number;
  /** Tokens that the model read and wrote; absent where none was asked. */
  readonly usage?: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly costCents?: number;
  };
  /** Set when the answer was not made anew. */
  readonly cached?: CachedAs;
  /** Set when a model should have written the answer, and it had to be quoted instead. */
  readonly fallback?: Fallback;
  readonly timings: Timings;
  readonly workflowId: string;
}

// ── books ───────────────────────────────────────────────────────────────────────────────────────────────────────

export interface BookSummary {
  readonly bookId: string;
  readonly library: string;
  readonly path: string;
  readonly title: string | null;
  readonly author: string | null;
  readonly state: z.infer<typeof bookState>;
  readonly pages: number;
  /** Pages or parts that its file is too damaged to give, so that nothing of them is found; absent when it gave all. */
  readonly unreadable?: number | undefined;
  readonly chunks: number;
  /** What searches return; null when the book was never ingested. */
  readonly revision: string | null;
  readonly failure: Omit<BookFailure, 'path'> | null;
}

export interface BookPage {
  readonly books: readonly BookSummary[];
  /** Give it as `after` to go on; null at the end. */
  readonly next: string | null;
}
