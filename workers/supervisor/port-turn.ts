import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';

/**
 * One stack of this user after the other: a port that was found free is taken only when the server listens on it, and
 * two stacks that start at the same moment would both be answered by the server of the first. Waits a minute at most.
 */
export async function inTurn<T>(start: () => Promise<T>): Promise<T> {
  const release = await lock(tmpdir(), {
    lockfilePath: join(tmpdir(), `scriptorium-ports-${userInfo().uid}.lock`),
    stale: 10_000,
    retries: { retries: 600, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    return await start();
  } finally {
    await release();
  }
}
