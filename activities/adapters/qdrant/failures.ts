import { z } from 'zod';
import { type ErrorCode, ScriptoriumError } from '../../errors.ts';
import { retryAfterMs } from '../retry-after.ts';

/** What the client throws for an answer with an error status; `data` is Qdrant's JSON, or a proxy's page. */
const answeredError = z.object({ status: z.number().int(), data: z.unknown() });
const qdrantReason = z.object({ status: z.object({ error: z.string() }) });

/** Refusals that end by themselves: request timeout, too early. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425]);
/** The key is not, or no longer, one that may do this; or a collection that was there is gone. */
const DENIED_STATUS: ReadonlySet<number> = new Set([401, 403, 404]);
const TOO_MANY_REQUESTS = 429;
const LONGEST_REASON = 500;

interface FailedCall {
  readonly url: string;
  /** Completes «could not …». */
  readonly action: string;
  /** Header `Retry-After` of the answer. */
  readonly retryAfter: string | null;
}

/**
 * What the client threw, in words of the registry: an answer of 4xx is a refusal, with the server's reason. A refusal of all
 * that is asked, for want of a right or of the collection, is no fault of a book, which waits. All else
 * (no connection, a timeout, 408, 425, 429, 5xx) is a server that does not serve now, and is worth another try, at the
 * time that it names.
 */
export function qdrantFailure(thrown: unknown, { url, action, retryAfter }: FailedCall): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  const answered = answeredError.safeParse(thrown);
  const reason = answered.success ? answeredReason(answered.data) : connectionReason(thrown);
  const code = answered.success ? codeOf(answered.data.status) : codeOfThrown(thrown);
  return new ScriptoriumError(code, `Qdrant at ${url} could not ${action}: ${reason}`, {
    cause: thrown,
    ...(code !== 'STORE_REJECTED' && { retryAfterMs: retryAfterMs(retryAfter) }),
  });
}

type StoreCode = Extract<
  ErrorCode,
  'STORE_REJECTED' | 'STORE_DENIED' | 'STORE_OVERLOADED' | 'STORE_UNREACHABLE'
>;

function codeOf(status: number): StoreCode {
  if (status === TOO_MANY_REQUESTS) return 'STORE_OVERLOADED';
  if (DENIED_STATUS.has(status)) return 'STORE_DENIED';
  return status >= 400 && status < 500 && !PASSING_STATUS.has(status)
    ? 'STORE_REJECTED'
    : 'STORE_UNREACHABLE';
}

/** A 429 with `Retry-After` is an error of its own in the client, or, where it can't parse the header, another. */
const overloaded = z.union([
  z.object({ name: z.literal('QdrantClientResourceExhaustedError') }),
  z.object({ name: z.literal('CustomError'), message: z.string().startsWith('Invalid retryAfter') }),
]);

function codeOfThrown(thrown: unknown): StoreCode {
  return overloaded.safeParse(thrown).success ? 'STORE_OVERLOADED' : 'STORE_UNREACHABLE';
}

function answeredReason({ status, data }: z.infer<typeof answeredError>): string {
  const reason = qdrantReason.safeParse(data);
  const text = reason.success
    ? reason.data.status.error
    : typeof data === 'string'
      ? data
      : JSON.stringify(data);
  return `status ${status}, ${(text ?? '').slice(0, LONGEST_REASON)}`;
}

/** Names, not `instanceof`: fetch hides the cause («ECONNREFUSED») behind «fetch failed». */
const causedError = z.object({ name: z.string(), message: z.string(), cause: z.unknown() });
const systemError = z.object({ code: z.string(), message: z.string() });

function connectionReason(thrown: unknown): string {
  const error = causedError.safeParse(thrown);
  if (!error.success) return String(thrown);
  const { name, message, cause } = error.data;
  if (overloaded.safeParse(thrown).success) return 'status 429, too many requests';
  if (name === 'AbortError' || name === 'QdrantClientTimeoutError') return 'no answer within the time limit';
  const system = systemError.safeParse(cause);
  return system.success ? `${message} (${system.data.message || system.data.code})` : message;
}
