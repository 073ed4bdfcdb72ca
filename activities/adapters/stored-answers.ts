import { z } from 'zod';
import type { StoredAnswer } from '../ports/answer-cache.ts';

/** Parses what a store gives back: another version of the program may have written it. */
export const storedAnswer: z.ZodType<StoredAnswer> = z.object({
  key: z.string(),
  scope: z.string(),
  question: z.string(),
  answer: z.string(),
  sources: z.array(z.object({ bookId: z.string(), revision: z.string() })),
  epoch: z.number(),
  madeAtMs: z.number(),
});

/** Key of the entry that tells when all were cleared; no hash of a question is it. */
export const CLEARED_KEY = 'cleared';
/** Scope of that entry. */
export const NO_SCOPE = '';
