/** How the last run over each library ended. */
import { latestRun, libraries } from '../api/calls.ts';
import { ProblemError } from '../api/problems.ts';
import type { Run } from '../api/types.ts';
import { latestRuns } from './latest-runs.ts';

export async function earlierRuns(going: readonly string[], signal: AbortSignal): Promise<readonly Run[]> {
  const known = (await libraries(signal)).libraries.map(({ library }) => library);
  const quiet = known.filter((library) => !going.includes(library));
  return await latestRuns(quiet, (library) => runOf(library, signal));
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
