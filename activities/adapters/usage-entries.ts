import { z } from 'zod';
import type { UsageEntry } from '../ports/usage-ledger.ts';

/** Parses what a store gives back: another version of the program may have written it. */
export const usageEntry: z.ZodType<UsageEntry> = z.object({
  day: z.string(),
  writer: z.string(),
  answers: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  costCents: z.number(),
});
