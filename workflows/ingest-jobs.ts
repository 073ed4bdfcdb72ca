/** The jobs of a library: books that were handed in over HTTP or MCP, ingested one job after the other. It never ends by itself. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { ingestLibraryId } from './contract.ts';
import { parseInput } from './input.ts';
import {
  type AddJobInput,
  addJobInput,
  addJobUpdate,
  type IngestJobsInput,
  ingestJobsInput,
  type Job,
  jobQuery,
  jobRoomQuery,
  type KeptJob,
} from './job-contract.ts';
import { type JobRun, Jobs } from './jobs.ts';
import { endOf, type Ingestion } from './run-front.ts';

const addJob = defineUpdate<Job, [AddJobInput]>(addJobUpdate);
const jobOf = defineQuery<Job | null, [string]>(jobQuery);
const hasRoom = defineQuery<boolean>(jobRoomQuery);

/** A run that a person started goes first; it may take hours. Waits double from the first to the longest. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

export async function ingestJobs(raw: IngestJobsInput): Promise<void> {
  const { library, carried } = parseInput(ingestJobsInput, raw);
  const jobs = new Jobs(carried?.waiting ?? [], carried?.ended ?? []);
  setHandler(jobOf, (id) => jobs.find(id));
  setHandler(hasRoom, () => jobs.hasRoom);
  setHandler(addJob, (input) => jobs.add(parseInput(addJobInput, input)), {
    validator: (input) => jobs.check(parseInput(addJobInput, input)),
  });
  let waitMs = FIRST_WAIT_MS;
  for (let mayEnd = true; !mayEnd || !(workflowInfo().continueAsNewSuggested || jobs.isFull); ) {
    setCurrentDetails(jobs.summary);
    await condition(() => jobs.next !== null || jobs.isFull);
    if (jobs.next === null) continue;
    const worked = await jobs.work((job) => start(library, job));
    // Each try makes history: a queue that could not begin anew while it waits would be ended by the server.
    mayEnd = worked || patched('waiting-jobs-are-carried-over');
    if (!worked) await sleep(mayEnd ? waitMs : FIRST_WAIT_MS);
    waitMs = worked ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof ingestJobs>({ library, carried: jobs.carried });
}

/** Null while another run over the library goes on. */
async function start(library: string, { paths, parallel }: KeptJob): Promise<JobRun | null> {
  try {
    const run = await startChild<Ingestion>('ingestLibrary', {
      args: [{ library, paths: [...paths], parallel }],
      workflowId: ingestLibraryId(library),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `library ${library}`,
    });
    return { result: () => endOf(run) };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}
