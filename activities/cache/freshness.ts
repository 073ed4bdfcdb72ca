/** Whether an answer that was kept may be given: pure, so that it can be held against every history of a library. */
import type { StoredAnswer } from '../ports/answer-cache.ts';

/** What is known of the library now. */
export interface CorpusNow {
  /** Committed revision of each book by its id; books without a record are absent. */
  readonly revisions: ReadonlyMap<string, string | null>;
  readonly epoch: number;
  readonly nowMs: number;
  /** When all answers were cleared last. */
  readonly clearedAtMs: number;
}

export interface FreshnessLimits {
  /** Longest time that an answer is given while the library grows, in milliseconds. */
  readonly staleMs: number;
  /** Longest time that an answer is given at all, in milliseconds. */
  readonly maxAgeMs: number;
}

/** What is known of an answer. */
export interface MadeAnswer extends Pick<StoredAnswer, 'sources' | 'epoch' | 'madeAtMs'> {
  /** False when it says that the books say nothing: the next book may. */
  readonly cites: boolean;
}

/** `grown`: books came, none that the answer was made from changed; it was honoured for `staleMs`, if it cites anything. */
export type Freshness = 'fresh' | 'changed' | 'grown' | 'expired' | 'cleared';

/** Invariant 10: no answer outlives a change of a book that it was made from, were it for a moment. */
export function freshnessOf(
  { sources, epoch, madeAtMs, cites }: MadeAnswer,
  now: CorpusNow,
  { staleMs, maxAgeMs }: FreshnessLimits,
): Freshness {
  if (sources.some(({ bookId, revision }) => now.revisions.get(bookId) !== revision)) return 'changed';
  if (madeAtMs <= now.clearedAtMs) return 'cleared';
  const ageMs = now.nowMs - madeAtMs;
  if (ageMs > maxAgeMs) return 'expired';
  return epoch === now.epoch || (cites && ageMs <= staleMs) ? 'fresh' : 'grown';
}
