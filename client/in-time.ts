/** Work that somebody waits for, and how long. */
import { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import { parse } from './checked-input.ts';
import { untilAborted } from './until-aborted.ts';

export interface Patience {
  /** Gives up waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait, 1 to 110,000 milliseconds; without it, as long as the work itself may take. */
  readonly deadlineMs?: number | undefined;
}

const patience = z.object({ deadlineMs: z.int().min(1).max(110_000).optional() });

/**
 * What `work` gives. It is begun only when the patience makes sense.
 * @throws ScriptoriumError INVALID_ARGUMENT, QUESTION_TIMEOUT, what `work` throws, or the reason of the signal
 */
export async function inTime<T>({ signal, deadlineMs }: Patience, work: () => Promise<T>): Promise<T> {
  parse(patience, { deadlineMs });
  return await withinTime(deadlineMs, signal, work);
}

/**
 * What `work` gives, or what came first: the end of the time, or of the asker's patience. The work hears of either.
 * @throws ScriptoriumError QUESTION_TIMEOUT, what `work` throws, or the reason of the signal
 */
export async function withinTime<T>(
  ms: number | undefined,
  signal: AbortSignal | undefined,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const late = new AbortController();
  using ends = new DisposableStack();
  if (ms !== undefined) {
    const error = new ScriptoriumError('QUESTION_TIMEOUT', `There was no result within ${ms} ms`);
    const timer = setTimeout(() => late.abort(error), ms);
    ends.defer(() => clearTimeout(timer));
  }
  const limited = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  return await untilAborted(work(limited), limited);
}
