/** The jobs of a library as its workflow keeps them. */
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import type { IngestLibraryResult } from './contract.ts';
import {
  type Job,
  type KeptJob,
  MAX_ENDED_JOBS,
  MAX_JOB_FAILURES,
  MAX_KEPT_JSON,
  MAX_REQUESTS,
  MAX_TAKEN_JSON,
  MAX_WAITING_TEXT,
  type ParsedJob,
} from './job-contract.ts';

/** Part of the requests that may come, from which the workflow begins anew when it can. */
const FULL_FROM = 0.95;

/** UTF-16 units of the paths of a hundred uploaded books, and of what is kept beside them. */
const UPLOAD_TEXT = 20_000;

/** A run of the library that was begun for a job. */
export interface JobRun {
  /** Rejects with what the run failed with. */
  result(): Promise<IngestLibraryResult>;
}

type End = Pick<KeptJob, 'state' | 'result' | 'failure'>;

/** What `ingestJobs` was asked for: what waits, in order, and what ended, within what a workflow may carry. */
export class Jobs {
  /** The first is the one at work. */
  readonly #waiting: KeptJob[];
  readonly #ended: KeptJob[];
  #requests = 0;
  /** UTF-16 units of what was asked for, repeats included: all of it is in the history. */
  #taken = 0;

  constructor(waiting: readonly KeptJob[], ended: readonly KeptJob[]) {
    this.#waiting = [...waiting];
    this.#ended = [...ended];
  }

  get next(): KeptJob | null {
    return this.#waiting[0] ?? null;
  }

  /** Soon no request is taken up any more: the workflow is to begin anew. */
  get isFull(): boolean {
    return this.#requests >= FULL_FROM * MAX_REQUESTS || this.#taken >= FULL_FROM * MAX_TAKEN_JSON;
  }

  /** Whether a job of a full upload would still be taken: asked before its books are sent. */
  get hasRoom(): boolean {
    return !this.#isSpent && canWait(this.#waiting, UPLOAD_TEXT);
  }

  get carried(): { readonly waiting: readonly KeptJob[]; readonly ended: readonly KeptJob[] } {
    return { waiting: this.#waiting, ended: this.#ended };
  }

  get summary(): string {
    return `Ingests what is handed in over HTTP or MCP. ${this.#waiting.length} jobs wait, ${this.#ended.length} ended.`;
  }

  /** @throws ApplicationFailure INVALID_ARGUMENT, JOBS_FULL, IDEMPOTENCY_CONFLICT */
  check(input: ParsedJob): void {
    if (this.#isSpent)
      throw ApplicationFailure.nonRetryable(
        'Too many requests came for this library while one job is at work',
        'JOBS_FULL',
      );
    if (this.#sameRequest(input)) return;
    if (textOf([input]) > MAX_WAITING_TEXT)
      throw ApplicationFailure.nonRetryable(
        `paths: one job takes ${MAX_WAITING_TEXT} characters of them; hand in the folder that they lie in`,
        'INVALID_ARGUMENT',
      );
    if (!canWait([...this.#waiting, input]))
      throw ApplicationFailure.nonRetryable('Too many jobs of this library wait already', 'JOBS_FULL');
  }

  add(input: ParsedJob): Job {
    this.#requests += 1;
    this.#taken += JSON.stringify(input).length;
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
  async work(start: (job: KeptJob) => Promise<JobRun | null>): Promise<boolean> {
    const [job] = this.#waiting;
    if (!job) return true;
    const end = await this.#ingested(job, start).catch(endOf);
    if (!end) return false;
    this.#waiting.shift();
    this.#ended.push({ ...job, ...end, endedAtMs: Date.now() });
    this.#ended.splice(0, this.#ended.length - MAX_ENDED_JOBS);
    while (this.#ended.length > 1 && JSON.stringify(this.#ended).length > MAX_KEPT_JSON) this.#ended.shift();
    return true;
  }

  /** @throws what the run failed with */
  async #ingested(job: KeptJob, start: (job: KeptJob) => Promise<JobRun | null>): Promise<End | null> {
    const run = await start(job);
    if (!run) return null;
    this.#waiting[0] = { ...job, state: 'running' };
    const { books, chunks, failures, seconds } = await run.result();
    const result = { books, chunks, failures: failures.slice(-MAX_JOB_FAILURES), seconds };
    return { state: 'done', result, failure: null };
  }

  /** No request is taken up any more, in this execution. */
  get #isSpent(): boolean {
    return this.#requests >= MAX_REQUESTS || this.#taken >= MAX_TAKEN_JSON;
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

/** Whether so many jobs, and others of so many characters, are no more than is carried from step to step. */
function canWait(jobs: readonly Pick<KeptJob, 'paths'>[], more = 0): boolean {
  return textOf(jobs) + more <= MAX_WAITING_TEXT && JSON.stringify(jobs).length + more <= MAX_KEPT_JSON;
}

/** Characters of all paths. */
function textOf(jobs: readonly Pick<KeptJob, 'paths'>[]): number {
  return jobs.flatMap(({ paths }) => paths).join('').length;
}
