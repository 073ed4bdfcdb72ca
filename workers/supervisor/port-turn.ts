import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { ScriptoriumError } from '../../activities/errors.ts';
import { writeProblem } from '../../client/write-problem.ts';

/**
 * One stack of this user after the other: a port that was found free is taken only when the server listens on it, and
 * two stacks that start at the same moment would both be answered by the server of the first. Waits a minute at most.
 */
export async function inTurn<T>(start: () => Promise<T>): Promise<T> {
  const cause = await writeProblem(tmpdir());
  if (cause)
    throw new ScriptoriumError('INVALID_CONFIG', `TMPDIR: ${tmpdir()} can't be written: ${cause}`, { cause });
  const release = await lock(tmpdir(), {
    lockfilePath: join(tmpdir(), `scriptorium-ports-${process.getuid?.() ?? ''}.lock`),
    stale: 10_000,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    return await start();
  } finally {
    await release();
  }
}
