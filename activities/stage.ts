/** What every activity has in common: heartbeats, progress, cancellation, and failures with a registry code. */
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { z } from 'zod';
import { errorRegistry, ScriptoriumError, toScriptoriumError } from './errors.ts';
import { clip } from './text/clip.ts';

export interface StageContext {
  /** Aborted when the workflow cancels the stage, or the worker shuts down. */
  readonly signal: AbortSignal;
  /** Tells how far the stage is; shown by `status`. */
  progress(done: number, total: number | null): void;
}

interface HeartbeatDetails {
  /** Attempts that the step itself failed. */
  readonly failures: number;
  /** Attempts that found a part out of service. */
  readonly outages: number;
  readonly done?: number;
  readonly total?: number | null;
}

/** A message passes through histories and catalog; a hostile file must not make it long. In UTF-16 units. */
const MAX_MESSAGE = 1_000;
/** Tries that a failure which is no outage gets. */
const MAX_TRIES = 3;
/** Far more than crashes and restarts explain. */
const MAX_LOST_WORKERS = 25;
/** Several times within the heartbeat timeout, so that a busy event loop is not taken for a dead worker. */
const HEARTBEAT_EVERY_MS = 3_000;

/**
 * Wraps a step of ingestion. It heartbeats by itself, and counts its own failures in the heartbeat's details:
 * an attempt that ended with its worker is no failure of the book.
 */
export function ingestStage<I, O>(
  run: (input: I, context: StageContext) => Promise<O>,
): (input: I) => Promise<O> {
  return async (input) => {
    const context = Context.current();
    const { failures, outages } = countsSoFar(context.info.heartbeatDetails);
    let latest: HeartbeatDetails = { failures, outages };
    const beat = (): void => context.heartbeat(latest);
    const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
    const progress = (done: number, total: number | null): void => {
      latest = { failures, outages, done, total };
      beat();
    };
    try {
      assertWorkersLive(context.info.attempt - 1 - failures - outages);
      return await run(input, { signal: context.cancellationSignal, progress });
    } catch (error) {
      rethrowCancellation(error, context.cancellationSignal);
      const [failed, out] = isOutage(error) ? [0, 1] : [1, 0];
      context.heartbeat({ failures: failures + failed, outages: outages + out } satisfies HeartbeatDetails);
      throw failureOf(error, failures + 1);
    } finally {
      clearInterval(timer);
    }
  };
}

/** Wraps a step of a question: a local activity, which has no heartbeats and few attempts. */
export function questionStage<I, O>(
  run: (input: I, context: StageContext) => Promise<O>,
): (input: I) => Promise<O> {
  return async (input) => {
    const { cancellationSignal: signal, info } = Context.current();
    try {
      return await run(input, { signal, progress: () => {} });
    } catch (error) {
      rethrowCancellation(error, signal);
      throw failureOf(error, info.attempt);
    }
  };
}

const counts = z.object({ failures: z.number(), outages: z.number().default(0) });

function countsSoFar(details: unknown): { failures: number; outages: number } {
  return counts.safeParse(details).data ?? { failures: 0, outages: 0 };
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
function isOutage(error: unknown): boolean {
  return !(error instanceof ApplicationFailure) && errorRegistry[toScriptoriumError(error).code].outage;
}

function rethrowCancellation(error: unknown, signal: AbortSignal): void {
  if (error instanceof CancelledFailure) throw error;
  if (signal.aborted)
    throw signal.reason instanceof Error ? signal.reason : new CancelledFailure('cancelled');
}

/** Message and remedy in one; `type` is the code, and the first detail the number of tries. */
function failureOf(error: unknown, tries: number): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const known = toScriptoriumError(error);
  const { retryable, outage, remedy } = errorRegistry[known.code];
  return ApplicationFailure.create({
    message: `${clip(known.message, MAX_MESSAGE).replace(/\.$/, '')}. ${remedy}`,
    type: known.code,
    nonRetryable: !retryable || (!outage && tries >= MAX_TRIES),
    details: [tries],
    cause: known,
  });
}
