/** What a person may say of a benchmark; each has its own defaults, and takes what concerns it. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

export interface BenchOptions {
  readonly books?: number | undefined;
  readonly parallel?: number | undefined;
  readonly rounds?: number | undefined;
  /** Chunks of a synthetic store. */
  readonly chunks?: number | undefined;
  /** How long each load lasts. */
  readonly seconds?: number | undefined;
  /** Folder for CPU profiles of our worker process. */
  readonly profileFolder?: string | undefined;
  /** Aborted by Ctrl-C: what was started has to end. */
  readonly signal: AbortSignal;
}

const count = (most: number) => z.coerce.number().int().min(1).max(most).optional();
const given = z.object({
  books: count(1_000_000),
  parallel: count(500),
  rounds: count(100),
  chunks: count(100_000_000),
  seconds: count(3_600),
  profile: z.string().optional(),
  json: z.boolean().default(false),
  keep: z.boolean().default(false),
});

/** @throws ZodError, TypeError for an option that makes no sense */
export function parseBenchOptions(args: readonly string[], signal: AbortSignal) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      keep: { type: 'boolean' },
      ...{ books: { type: 'string' }, parallel: { type: 'string' } },
      ...{ rounds: { type: 'string' }, profile: { type: 'string' } },
      ...{ chunks: { type: 'string' }, seconds: { type: 'string' } },
    },
  });
  const { json, keep: kept, profile, ...numbers } = given.parse(values);
  const options: BenchOptions = { ...numbers, profileFolder: profile && resolve(profile), signal };
  return { name: positionals[0] ?? '', json, kept, options };
}
