import { z } from 'zod';
import { ScriptoriumError } from '../../errors.ts';

/** What the client throws for an answer with an error status; `data` is Qdrant's JSON, or a proxy's page. */
const answeredError = z.object({ status: z.number().int(), data: z.unknown() });
const qdrantReason = z.object({ status: z.object({ error: z.string() }) });

/** Refusals that end by themselves: request timeout, too early, too many requests. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);
const LONGEST_REASON = 500;

/**
 * What the client threw, in words of the registry: an answer of 4xx is a refusal, with the server's reason. All else
 * (no connection, a timeout, 408, 425, 429, 5xx) is a server that does not answer now, and is worth another try.
 * `action` completes «could not …».
 */
export function qdrantFailure(thrown: unknown, url: string, action: string): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  const answered = answeredError.safeParse(thrown);
  const reason = answered.success ? answeredReason(answered.data) : connectionReason(thrown);
  const code = answered.success && isRefusal(answered.data.status) ? 'STORE_REJECTED' : 'STORE_UNREACHABLE';
  return new ScriptoriumError(code, `Qdrant at ${url} could not ${action}: ${reason}`, { cause: thrown });
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING_STATUS.has(status);
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
  if (name === 'AbortError' || name === 'QdrantClientTimeoutError') return 'no answer within the time limit';
  const system = systemError.safeParse(cause);
  return system.success ? `${message} (${system.data.message || system.data.code})` : message;
}
