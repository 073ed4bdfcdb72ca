/** The latest runs that are over, of however many libraries there are. */
import type { Run } from '../api/types.ts';
import { isOver } from './run-words.ts';

/** A longer page would tell no more. */
const MAX_SHOWN = 12;
/** Requests at a time. */
const AT_ONCE = 8;

/**
 * The latest first.
 * @param runOf the last run over a library; null when nobody remembers one
 */
export async function latestRuns(
  libraries: readonly string[],
  runOf: (library: string) => Promise<Run | null>,
): Promise<readonly Run[]> {
  const runs: (Run | null)[] = [];
  // Which are the latest is known when all were asked.
  for (let at = 0; at < libraries.length; at += AT_ONCE)
    runs.push(...(await Promise.all(libraries.slice(at, at + AT_ONCE).map(runOf))));
  return (
    runs
      .filter((run) => run !== null)
      // One that began a moment ago is listed with those that go on as soon as they are looked at again.
      .filter(isOver)
      .sort((one, other) => other.startedAtMs - one.startedAtMs)
      .slice(0, MAX_SHOWN)
  );
}
