import type { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';

/** @throws ScriptoriumError INVALID_ARGUMENT naming what is wrong */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ScriptoriumError('INVALID_ARGUMENT', problems.join('; '));
}
