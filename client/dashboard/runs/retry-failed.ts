/** Failed books, tried again: by the run that goes on, or, when it is over, by handing them in once more. */
import { failures, ingest, steer } from '../api/calls.ts';
import { ProblemError } from '../api/problems.ts';
import { keepJob } from '../state/kept-jobs.ts';
import { randomKey } from './random-key.ts';

/** What one job takes, and how many a single click hands in; who has more failed books clicks again. */
const PATHS_A_JOB = 100;
const MAX_JOBS = 10;

/**
 * @param all also books whose content is at fault
 * @throws ProblemError
 */
export async function retryFailed(library: string, all: boolean): Promise<void> {
  try {
    await steer(library, 'retry', { all });
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'NO_RUN') throw error;
    await handInAgain(library);
  }
}

async function handInAgain(library: string): Promise<void> {
  let after: string | undefined;
  for (let jobs = 0; jobs < MAX_JOBS; jobs++) {
    const page = await failures({ library, after, limit: PATHS_A_JOB });
    const paths = page.failures.map(({ path }) => path);
    if (paths.length > 0) keepJob((await ingest({ paths, library }, randomKey())).jobId);
    if (page.next === null) return;
    after = page.next;
  }
}
