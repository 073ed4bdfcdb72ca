import { APIConnectionError, APIError } from 'openai';
import { z } from 'zod';
import { headOf } from './bounded-body.ts';

/** What a call of an endpoint that speaks OpenAI's language failed by. */
export type Refusal = 'unreachable' | 'rate-limited' | 'denied' | 'rejected';

/** A server that lost patience: no fault of the request. */
const LOST_PATIENCE = 408;

/** No fault of what was asked: a key that is no longer valid, credit that is used up, a model or a gateway that is not there. */
const DENIED: ReadonlySet<number> = new Set([401, 402, 403, 404]);

/** `passing`: further statuses below 500 that are no fault of the request. */
export function refusalOf(error: unknown, passing: readonly number[] = []): Refusal {
  if (error instanceof APIConnectionError || !(error instanceof APIError)) return 'unreachable';
  const { status = 500 } = error;
  if (status === 429) return 'rate-limited';
  if (DENIED.has(status)) return 'denied';
  return status < 500 && ![LOST_PATIENCE, ...passing].includes(status) ? 'rejected' : 'unreachable';
}

/** Of the words of a refusal no more is read: far more than any server says on purpose. */
const MOST_REFUSAL_BYTES = 16_384;

/**
 * As `fetch`; a refusal without the `error` in which the client looks for words gets its whole body as one: some servers
 * (Text Embeddings Inference) say `{"message": …}`.
 */
export const fetchWithWords: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (response.ok) return response;
  const { status, statusText, headers } = response;
  return new Response(withError(await headOf(response, MOST_REFUSAL_BYTES)), { status, statusText, headers });
};

function withError(body: string): string {
  try {
    const { success, data } = wordsOnly.safeParse(JSON.parse(body));
    return success ? JSON.stringify({ error: data }) : body;
  } catch {
    return body;
  }
}

const wordsOnly = z.looseObject({ message: z.string(), error: z.undefined().optional() });
