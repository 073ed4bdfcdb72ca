/** What `doctor` finds of one part. */
import { z } from 'zod';

export const check = z.object({
  name: z.string(),
  /** `skipped`: it can't be looked at before something else is mended. */
  state: z.enum(['ok', 'wrong', 'skipped']),
  detail: z.string(),
  /** What to do; null unless it is wrong. */
  remedy: z.string().nullable(),
});
export type Check = z.infer<typeof check>;

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail, remedy: null };
}

export function wrong(name: string, detail: string, remedy: string): Check {
  return { name, state: 'wrong', detail, remedy };
}

export function skipped(name: string, detail: string): Check {
  return { name, state: 'skipped', detail, remedy: null };
}

/** What looks at settings and files of the workers prints such a list. */
export const checks = z.array(check);
