import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { ScriptoriumError } from '../../activities/errors.ts';
import { endOrphan } from '../../client/orphans.ts';
import { askAlive, readStackState, type StackState } from '../../client/stack-state.ts';
import { writeProblem } from '../../client/write-problem.ts';

/** Written beside and renamed, readable by its owner only: it holds the control service's secret. */
export async function writeStackState(file: string, state: StackState): Promise<void> {
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, JSON.stringify(state, null, 2), { mode: 0o600 });
  await rename(beside, file);
}

/** Only this process's own: a home that was deleted under it may be another stack's by now. */
export async function removeStackState(file: string): Promise<void> {
  if ((await readStackState(file))?.pid === process.pid) await rm(file, { force: true });
}

/**
 * Takes the place of a stack that is no more, and ends what it left running. Resolves to null, or to the state of a
 * stack that is alive, which is then left alone.
 * @throws ScriptoriumError INVALID_CONFIG where the folder of the file can't be written
 */
export async function takePlace(
  file: string,
  temporalDb: string,
  mine: StackState,
): Promise<StackState | null> {
  const folder = dirname(file);
  const cause = await writeProblem(folder);
  if (cause)
    throw new ScriptoriumError('INVALID_CONFIG', `SCRIPTORIUM_HOME: ${folder} can't be written: ${cause}`, {
      cause,
    });
  const unlock = await lock(folder, {
    lockfilePath: join(folder, 'stack.lock'),
    stale: 10_000,
    retries: { retries: 300, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    const former = await readStackState(file);
    if (former && (await askAlive(former))) return former;
    if (former?.temporalPid) await endOrphan(former.temporalPid, temporalDb);
    await writeStackState(file, mine);
    return null;
  } finally {
    await unlock();
  }
}
