/** The jobs of a library: books that were handed in over HTTP or MCP, ingested one job after the other. It never ends by itself. */
import {
  ApplicationFailure,
  ChildWorkflowFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import {
  allHandlersFinished,
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { type IngestLibraryInput, type IngestLibraryResult, ingestLibraryId } from './contract.ts';
import { parseInput } from './input.ts';
import {
  type AddJobInput,
  addJobInput,
  addJobUpdate,
  type IngestJobsInput,
  ingestJobsInput,
  type Job,
  jobQuery,
  type KeptJob,
  MAX_ENDED_JOBS,
  MAX_JOB_FAILURES,
  MAX_WAITING_TEXT,
  type ParsedJob,
} from './job-contract.ts';

const addJob = defineUpdate<Job, [AddJobInput]>(addJobUpdate);
const jobOf = defineQuery<Job | null, [string]>(jobQuery);

/** A run that a person started goes first; it may take hours. Waits double from the first to the longest. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

export async function ingestJobs(raw: IngestJobsInput): Promise<void> {
  const { library, carried } = parseInput(ingestJobsInput, raw);
  const jobs = new Jobs(carried?.waiting ?? [], carried?.ended ?? []);
  setHandler(jobOf, (id) => jobs.find(id));
  setHandler(addJob, (input) => jobs.add(parseInput(addJobInput, input)), {
    validator: (input) => jobs.check(parseInput(addJobInput, input)),
  });
  let waitMs = FIRST_WAIT_MS;
  for (let mayEnd = true; !mayEnd || !workflowInfo().continueAsNewSuggested; ) {
    setCurrentDetails(jobs.summary);
    await condition(() => jobs.next !== null);
    const worked = await jobs.work((job) => start(library, job));
    // Each try makes history: a queue that could not begin anew while it waits would be ended by the server.
    mayEnd = worked || patched('waiting-jobs-are-carried-over');
    if (!worked) await sleep(mayEnd ? waitMs : FIRST_WAIT_MS);
    waitMs = worked ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof ingestJobs>({ library, carried: jobs.carried });
}

type Ingestion = (input: IngestLibraryInput) => Promise<IngestLibraryResult>;
type Run = ChildWorkflowHandle<Ingestion>;

/** Null while another run over the library goes on. */
async function start(library: string, { paths, parallel }: KeptJob): Promise<Run | null> {
  try {
    return await startChild<Ingestion>('ingestLibrary', {
      args: [{ library, paths: [...paths], parallel }],
      workflowId: ingestLibraryId(library),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `library ${library}`,
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

type End = Pick<KeptJob, 'state' | 'result' | 'failure'>;

class Jobs {
  /** The first is the one at work. */
  readonly #waiting: KeptJob[];
  readonly #ended: KeptJob[];

  constructor(waiting: readonly KeptJob[], ended: readonly KeptJob[]) {
    this.#waiting = [...waiting];
    this.#ended = [...ended];
  }

  get next(): KeptJob | null {
    return this.#waiting[0] ?? null;
  }

  get carried(): { readonly waiting: readonly KeptJob[]; readonly ended: readonly KeptJob[] } {
    return { waiting: this.#waiting, ended: this.#ended };
  }

  get summary(): string {
    return `Ingests what is handed in over HTTP or MCP. ${this.#waiting.length} jobs wait, ${this.#ended.length} ended.`;
  }

  /** @throws ApplicationFailure RATE_LIMITED, IDEMPOTENCY_CONFLICT */
  check(input: ParsedJob): void {
    if (this.#sameRequest(input)) return;
    const text = [...this.#waiting, input].flatMap(({ paths }) => paths).join('').length;
    if (text > MAX_WAITING_TEXT)
      throw ApplicationFailure.nonRetryable('Too many jobs of this library wait already', 'RATE_LIMITED');
  }

  add(input: ParsedJob): Job {
    const before = this.#sameRequest(input);
    if (before) return this.#shown(before);
    const { id, paths, parallel, idempotencyKey } = input;
    const job: KeptJob = {
      ...{ id, paths, parallel, state: 'waiting', acceptedAtMs: Date.now(), endedAtMs: null },
      ...{ result: null, failure: null, ...(idempotencyKey !== undefined && { idempotencyKey }) },
    };
    this.#waiting.push(job);
    return this.#shown(job);
  }

  find(id: string): Job | null {
    const found = this.#all.find((job) => job.id === id);
    return found ? this.#shown(found) : null;
  }

  /** Does the first of the jobs that wait; false where it has to wait on. */
  async work(start: (job: KeptJob) => Promise<Run | null>): Promise<boolean> {
    const [job] = this.#waiting;
    if (!job) return true;
    const end = await this.#ingested(job, start).catch(endOf);
    if (!end) return false;
    this.#waiting.shift();
    this.#ended.push({ ...job, ...end, endedAtMs: Date.now() });
    this.#ended.splice(0, this.#ended.length - MAX_ENDED_JOBS);
    return true;
  }

  /** @throws what the run failed with */
  async #ingested(job: KeptJob, start: (job: KeptJob) => Promise<Run | null>): Promise<End | null> {
    const run = await start(job);
    if (!run) return null;
    this.#waiting[0] = { ...job, state: 'running' };
    const { books, chunks, failures, seconds } = await run.result();
    const result = { books, chunks, failures: failures.slice(-MAX_JOB_FAILURES), seconds };
    return { state: 'done', result, failure: null };
  }

  get #all(): readonly KeptJob[] {
    return [...this.#waiting, ...this.#ended];
  }

  #sameRequest(asked: ParsedJob): KeptJob | null {
    const { idempotencyKey } = asked;
    if (idempotencyKey === undefined) return null;
    const found = this.#all.find((job) => job.idempotencyKey === idempotencyKey);
    if (!found || sameBooks(found, asked)) return found ?? null;
    throw ApplicationFailure.nonRetryable(
      `The idempotency key ${idempotencyKey} came before with other books, or with another number of books at once`,
      'IDEMPOTENCY_CONFLICT',
    );
  }

  #shown({ idempotencyKey: _, ...job }: KeptJob): Job {
    const at = this.#waiting.findIndex(({ id }) => id === job.id);
    return { ...job, before: Math.max(0, at) };
  }
}

type Asked = Pick<KeptJob, 'paths' | 'parallel'>;

/** In whatever order, and however often, the paths are named. */
function sameBooks(one: Asked, other: Asked): boolean {
  const [some, others] = [new Set(one.paths), new Set(other.paths)];
  const samePaths = some.size === others.size && [...some].every((path) => others.has(path));
  return samePaths && one.parallel === other.parallel;
}

function endOf(error: unknown): End {
  if (isCancellation(error)) return { state: 'cancelled', result: null, failure: null };
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'INTERNAL') : 'INTERNAL';
  const message = cause instanceof Error ? cause.message : String(cause);
  return { state: 'failed', result: null, failure: { code, message } };
}
