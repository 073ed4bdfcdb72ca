/** Handing books in: a durable queue of jobs a library, so that nobody is refused because another run is going on. */
import { randomUUID } from 'node:crypto';
import {
  type Client,
  WithStartWorkflowOperation,
  type Workflow,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ScriptoriumError } from '../activities/errors.ts';
import { DEFAULT_PARALLEL, libraryName, taskQueues } from '../workflows/contract.ts';
import {
  type AddJobInput,
  addJobInput,
  addJobUpdate,
  JOBS_WORKFLOW,
  type Job,
  jobQuery,
  jobRoomQuery,
  jobsId,
} from '../workflows/job-contract.ts';
import { parse } from './checked-input.ts';
import { fromQuery, fromUpdate } from './failures.ts';
import { isRunning } from './is-running.ts';
import { query } from './query.ts';

export interface JobOptions {
  /** Books at once, 1 to 500. Default 5. */
  readonly parallel?: number | undefined;
  /** The same key in the same library, with the same books, gives the job that came first, however often it is sent. */
  readonly idempotencyKey?: string | undefined;
}

/** A job of a library. */
export interface LibraryJob extends Job {
  readonly library: string;
  /** `LIBRARY~UUID`: what `job` wants. */
  readonly jobId: string;
}

const ADD_TIMEOUT_MS = 30_000;
const ROOM_TIMEOUT_MS = 3_000;

/**
 * Resolves when Temporal has the job: it is done, whatever is killed from now on.
 * @param paths absolute, as the workers see them
 * @throws ScriptoriumError INVALID_ARGUMENT, IDEMPOTENCY_CONFLICT, JOBS_FULL, STACK_UNREACHABLE
 */
export async function addJob(
  client: Client,
  library: string,
  paths: readonly string[],
  { parallel = DEFAULT_PARALLEL, idempotencyKey }: JobOptions = {},
): Promise<LibraryJob> {
  const name = parse(libraryName, library);
  const input = parse(addJobInput, {
    ...{ id: randomUUID(), paths, parallel },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  const workflowId = jobsId(name);
  const startWorkflowOperation = new WithStartWorkflowOperation(JOBS_WORKFLOW, {
    ...{ workflowId, taskQueue: taskQueues.main, args: [{ library: name }] },
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `library ${name}: what is handed in over HTTP or MCP`,
  });
  try {
    const job = await client.withDeadline(Date.now() + ADD_TIMEOUT_MS, () =>
      client.workflow.executeUpdateWithStart<Workflow, Job, [AddJobInput]>(addJobUpdate, {
        ...{ startWorkflowOperation, args: [input] },
      }),
    );
    return shown(name, job);
  } catch (error) {
    throw fromUpdate(error, workflowId);
  }
}

const refusals: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'IDEMPOTENCY_CONFLICT', 'JOBS_FULL']);

/** Whether what `addJob` threw says no. After any other failure the job may have been taken all the same: nobody heard. */
export function wasRefused(error: unknown): boolean {
  return error instanceof ScriptoriumError && refusals.has(error.code);
}

/**
 * Before books are sent: whether a job of them would be taken. What is not known is left to `addJob`.
 * @throws ScriptoriumError JOBS_FULL
 */
export async function assertRoom(client: Client, library: string): Promise<void> {
  const handle = client.workflow.getHandle(jobsId(library));
  const hasRoom = await query<boolean>(client, handle, jobRoomQuery, [], ROOM_TIMEOUT_MS).catch(() => true);
  // Where it is over another one is begun, with room for all.
  if (hasRoom || !(await isRunning(handle).catch(() => false))) return;
  throw new ScriptoriumError('JOBS_FULL', `Too many jobs of library ${library} wait already`);
}

/** @throws ScriptoriumError JOB_NOT_FOUND, STACK_UNREACHABLE */
export async function job(client: Client, jobId: string): Promise<LibraryJob> {
  const { library, id } = parsedJobId(jobId);
  const workflowId = jobsId(library);
  const handle = client.workflow.getHandle(workflowId);
  try {
    const found = await query<Job | null, [string]>(client, handle, jobQuery, [id]);
    // Of a workflow that was terminated, Temporal gives what it last said: that it is at work.
    const { closeTime } = found?.endedAtMs === null ? await handle.describe() : {};
    if (found && closeTime) return shown(library, endedWith(found, workflowId, closeTime));
    if (found) return shown(library, found);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw fromQuery(error, workflowId);
  }
  throw noJob(jobId);
}

function endedWith(job: Job, workflowId: string, closeTime: Date): Job {
  const failure = { code: 'CHILD_LOST', message: `${workflowId} was ended before the job was done` };
  return { ...job, state: 'failed', endedAtMs: closeTime.getTime(), failure };
}

/** The library of a job, by its id. Says nothing of whether there is such a job. */
export function libraryOfJob(jobId: string): string {
  return parsedJobId(jobId).library;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function parsedJobId(jobId: string): { readonly library: string; readonly id: string } {
  const [library, id = '', ...rest] = jobId.split('~');
  const { success, data } = libraryName.safeParse(library);
  if (!success || rest.length > 0 || !uuid.test(id)) throw noJob(jobId);
  return { library: data, id };
}

function noJob(jobId: string): ScriptoriumError {
  return new ScriptoriumError('JOB_NOT_FOUND', `There is no job ${jobId.slice(0, 200)}`);
}

function shown(library: string, found: Job): LibraryJob {
  return { ...found, library, jobId: `${library}~${found.id}` };
}
