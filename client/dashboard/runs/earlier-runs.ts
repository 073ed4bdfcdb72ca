/** How the last run over each library ended. */
import { latestRun, libraries } from '../api/calls.ts';
import { ProblemError } from '../api/problems.ts';
import type { Run } from '../api/types.ts';
import { isOver } from './run-words.ts';

/** More would be many requests, and a long page. */
const MAX_LIBRARIES = 12;

/** The latest first. */
export async function earlierRuns(going: readonly string[], signal: AbortSignal): Promise<readonly Run[]> {
  const known = (await libraries(signal)).libraries.map(({ library }) => library);
  const quiet = known.filter((library) => !going.includes(library)).slice(0, MAX_LIBRARIES);
  const runs = await Promise.all(quiet.map((library) => runOf(library, signal)));
  return (
    runs
      .filter((run) => run !== null)
      // One that began a moment ago is listed with those that go on as soon as they are looked at again.
      .filter(isOver)
      .sort((one, other) => other.startedAtMs - one.startedAtMs)
  );
}

/** Null when Temporal has forgotten it, or books came there in another way. */
async function runOf(library: string, signal: AbortSignal): Promise<Run | null> {
  try {
    return await latestRun(library, signal);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 404) return null;
    throw error;
  }
}
