import { ApplicationFailure } from '@temporalio/workflow';
import { z } from 'zod';
import type { ingestLibraryInput } from './contract.ts';

/** Input of a run, checked and with its defaults. */
export type ParsedRunInput = z.output<typeof ingestLibraryInput>;

// The workflow sandbox forbids compiling code at run time.
z.config({ jitless: true });

/** Input as its schema gives it, or a failure that is not retried and names every field that is wrong. */
export function parseInput<T extends z.ZodType>(schema: T, raw: unknown): z.output<T> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw ApplicationFailure.nonRetryable(
    `The workflow's input is not valid. ${problems.join('; ')}`,
    'INVALID_ARGUMENT',
  );
}
