/** What passes between people, programs and the workflow that shows and clears the caches of questions. */
import { z } from 'zod';

export const CACHES_WORKFLOW = 'questionCaches';

export const cachesInput = z.strictObject({
  /** Forgets every answer, in all workers, and the vectors of questions in the one that takes this up. */
  clear: z.boolean().default(false),
});
export type CachesInput = z.input<typeof cachesInput>;

export interface CacheReport {
  readonly name: 'exact' | 'semantic' | 'embedding';
  /** Whose entries these are: one worker's own, or the store's, which all workers share. */
  readonly of: 'worker' | 'store';
  readonly entries: number;
  /** Look-ups since the worker began that gave an entry; the counts are those of the worker in all cases. */
  readonly hits: number;
  readonly misses: number;
  /** Entries that were there, and not given because a book had changed or come. */
  readonly refusals: number;
  readonly evictions: number;
  /** Times that the store could not be reached for it. */
  readonly failures: number;
}

export interface UsageReport {
  /** In UTC: `2026-01-31`. */
  readonly day: string;
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In hundredths of the currency of the configured prices. */
  readonly costCents: number;
}

export interface CachesReport {
  readonly caches: readonly CacheReport[];
  /** Process id of the worker that tells this. */
  readonly worker: number;
  /** What the answers of today took of the model, in all workers; null when none is configured. */
  readonly today: UsageReport | null;
  /** Entries that were dropped; null when nothing was to be cleared. */
  readonly cleared: number | null;
}
