/** Work that somebody waits for, and how long. */
import { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import { parse } from './checked-input.ts';

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
  signal?.throwIfAborted();
  const over = Promise.withResolvers<never>();
  using ends = new DisposableStack();
  const abort = (): void => over.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  ends.defer(() => signal?.removeEventListener('abort', abort));
  if (deadlineMs !== undefined) {
    const message = `There was no result within ${deadlineMs} ms`;
    const late = (): void => over.reject(new ScriptoriumError('QUESTION_TIMEOUT', message));
    const timer = setTimeout(late, deadlineMs);
    ends.defer(() => clearTimeout(timer));
  }
  return await Promise.race([work(), over.promise]);
}
