import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import type { ingestLibraryInput } from './contract.ts';
import './zod-without-eval.ts';

/** Input of a run, checked and with its defaults. */
export type ParsedRunInput = z.output<typeof ingestLibraryInput>;

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
