/** Four runs of the chaos suite, one of each family of faults. `npm run chaos -- --runs N` makes as many as you like. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const TIMEOUT_MS = 300_000;

const output = z.object({
  reports: z.array(z.object({ events: z.array(z.string()), faults: z.array(z.string()) })),
});

/** The command itself, in a process of its own; a run that is not clean ends with code 1 and is told of all the same. */
async function runOf(seed: number) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = [main, '--runs', '1', '--seed', String(seed), '--json'];
  const said = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { env, timeout: TIMEOUT_MS - 10_000 }, (error, stdout, stderr) =>
      stdout ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
    );
  });
  return output.parse(JSON.parse(said)).reports[0];
}

describe('a run is clean whose', () => {
  test.each([
    ['worker is killed at a named point', 2, /^the worker was killed (before|after) /],
    ['Temporal server is killed', 4, /^killed temporal/],
    ['store does a write and loses its answer', 3, /^the answer to write \d+ was lost/],
    ['worker is frozen for longer than its heartbeat', 6, /^froze workers/],
  ])(
    '%s',
    async (_, seed, event) => {
      const report = await runOf(seed);
      expect(report?.faults).toEqual([]);
      expect(report?.events).toEqual(expect.arrayContaining([expect.stringMatching(event)]));
    },
    TIMEOUT_MS,
  );
});
