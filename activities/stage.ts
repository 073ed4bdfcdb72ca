/** What every activity has in common: heartbeats, progress, cancellation, and failures with a registry code. */
import { ApplicationFailure, CancelledFailure, Context, type Info } from '@temporalio/activity';
import { Attempt, type AttemptOptions } from './attempt.ts';
import { errorRegistry, ScriptoriumError, toScriptoriumError } from './errors.ts';
import { clip } from './text/clip.ts';
import { within } from './within.ts';

export interface StageContext {
  /** Aborted when the workflow cancels the stage, or the worker shuts down. */
  readonly signal: AbortSignal;
  /** What `progress` was last told by an earlier attempt; 0 for the first. */
  readonly doneBefore: number;
  /** When the time of this attempt is over, in milliseconds since 1970; absent where its length is of no concern. */
  readonly untilMs?: number;
  /** Tells how far the stage is; shown by `status`. */
  progress(done: number, total: number | null): void;
}

/** A message passes through histories and catalog; a hostile file must not make it long. In UTF-16 units. */
export const MAX_MESSAGE = 1_000;
/** Tries that a failure which is no outage gets. */
const MAX_TRIES = 3;
/** Far more than crashes and restarts explain. */
const MAX_LOST_WORKERS = 25;
/** The SDK's own timer comes first where it works, and its failure is told apart. */
const LATE_MS = 250;
/** A question waits no longer than this for a part that asks for patience; a longer wait is told to who asks. */
const MAX_QUESTION_WAIT_MS = 10_000;

/**
 * Wraps a step of ingestion. It heartbeats by itself, and counts its own failures in the heartbeat's details:
 * an attempt that ended with its worker is no failure of the book.
 */
export function ingestStage<I, O>(
  run: (input: I, context: StageContext) => Promise<O>,
  options: AttemptOptions,
): (input: I) => Promise<O> {
  return async (input) => {
    const context = Context.current();
    using attempt = new Attempt(context, options);
    try {
      assertWorkersLive(attempt.lostWorkers);
      return await run(input, {
        signal: attempt.signal,
        doneBefore: attempt.doneBefore,
        progress: (done, total) => attempt.progress(done, total),
      });
    } catch (error) {
      rethrowCancellation(error, context.cancellationSignal);
      throw isOutage(error) ? outageFailure(error, attempt, options) : stepFailure(error, attempt);
    }
  };
}

/** Wraps a step of a question: a local activity, as a rule, which has no heartbeats and few attempts. */
export function questionStage<I, O>(
  run: (input: I, context: StageContext) => Promise<O>,
): (input: I) => Promise<O> {
  return async (input) => {
    const { cancellationSignal: signal, info } = Context.current();
    const untilMs = endOf(info);
    const running = (until: AbortSignal) =>
      run(input, { signal: until, untilMs, doneBefore: 0, progress: () => {} });
    try {
      return info.isLocal ? await endedBy(untilMs + LATE_MS, signal, running) : await running(signal);
    } catch (error) {
      rethrowCancellation(error, signal);
      throw questionFailure(error, info.attempt);
    }
  };
}

/** All attempts of a local step share one time, if any; each is told that it had the whole. */
function endOf({
  isLocal,
  scheduledTimestampMs,
  scheduleToCloseTimeoutMs: whole,
  startToCloseTimeoutMs,
}: Info): number {
  const untilMs = Date.now() + startToCloseTimeoutMs;
  return isLocal && whole > 0 ? Math.min(untilMs, scheduledTimestampMs + whole) : untilMs;
}

/**
 * The SDK has one timer for all attempts of a local step, and forgets it where it runs out between two of them: the next
 * could then hang for ever, and its worker never stop.
 */
async function endedBy<T>(
  endMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const work = run(AbortSignal.any([signal, over.signal])).then((value) => ({ value }));
  const ended = await within(Math.max(0, endMs - Date.now()), work);
  if (ended) return ended.value;
  const late = new ScriptoriumError(
    'QUESTION_TIMEOUT',
    "A step took longer than its share of the question's time",
  );
  over.abort(late);
  throw late;
}

/** Attempts that ended with their worker cost a book nothing, but one that ends every worker must not do so for ever. */
function assertWorkersLive(lost: number): void {
  if (lost <= MAX_LOST_WORKERS) return;
  throw new ScriptoriumError(
    'WORKER_LOST',
    `The step was begun ${lost} times, and each time its worker was gone before the end`,
  );
}

/** While a part is out of service a book only waits; that uses up none of its tries. */
export function isOutage(error: unknown): boolean {
  return !(error instanceof ApplicationFailure) && errorRegistry[toScriptoriumError(error).code].outage;
}

function rethrowCancellation(error: unknown, signal: AbortSignal): void {
  if (error instanceof CancelledFailure) throw error;
  if (signal.aborted)
    throw signal.reason instanceof Error ? signal.reason : new CancelledFailure('cancelled');
}

function stepFailure(error: unknown, attempt: Attempt): ApplicationFailure {
  const tries = attempt.countFailure();
  return failureOf(error, tries, { final: tries >= MAX_TRIES });
}

/** A book waits for as long as it may; then it fails with the code of what it waited for. */
function outageFailure(
  error: unknown,
  attempt: Attempt,
  { maxOutageMs }: AttemptOptions,
): ApplicationFailure {
  const final = attempt.countOutage(toScriptoriumError(error).retryAfterMs);
  const waited = `It was waited for ${(maxOutageMs / 3_600_000).toLocaleString('en')} h`;
  return failureOf(error, attempt.outages, { final, ...(final && { waited }) });
}

function questionFailure(error: unknown, tries: number): ApplicationFailure {
  const waitMs = error instanceof ScriptoriumError ? (error.retryAfterMs ?? 0) : 0;
  const impatient = waitMs > MAX_QUESTION_WAIT_MS;
  return failureOf(error, tries, {
    final: impatient || (tries >= MAX_TRIES && !isOutage(error)),
    ...(impatient && { waited: `It asks to wait for ${Math.ceil(waitMs / 1000)} s` }),
  });
}

/** Message and remedy in one; `type` is the code, and the first detail the number of tries. */
function failureOf(
  error: unknown,
  tries: number,
  { final, waited }: { readonly final: boolean; readonly waited?: string },
): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const known = toScriptoriumError(error);
  const { retryable, remedy } = errorRegistry[known.code];
  const said = [clip(known.message, MAX_MESSAGE).replace(/\.$/, ''), ...(waited ? [waited] : [])].join('. ');
  const nonRetryable = !retryable || final;
  return ApplicationFailure.create({
    message: `${said}. ${remedy}`,
    type: known.code,
    nonRetryable,
    details: [tries],
    cause: known,
    ...(!nonRetryable && known.retryAfterMs !== undefined && { nextRetryDelay: known.retryAfterMs }),
  });
}
