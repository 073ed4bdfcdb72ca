import { APIConnectionError, APIError } from 'openai';

/** What a call of an endpoint that speaks OpenAI's language failed by. */
export type Refusal = 'unreachable' | 'rate-limited' | 'rejected';

/** A server that lost patience: no fault of the request. */
const LOST_PATIENCE = 408;

/** `passing`: further statuses below 500 that are no fault of the request. */
export function refusalOf(error: unknown, passing: readonly number[] = []): Refusal {
  if (error instanceof APIConnectionError || !(error instanceof APIError)) return 'unreachable';
  const { status = 500 } = error;
  if (status === 429) return 'rate-limited';
  return status < 500 && ![LOST_PATIENCE, ...passing].includes(status) ? 'rejected' : 'unreachable';
}
