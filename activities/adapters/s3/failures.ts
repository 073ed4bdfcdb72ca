import { z } from 'zod';
import { type ErrorCode, ScriptoriumError } from '../../errors.ts';
import { retryAfterMs } from '../retry-after.ts';

/** What the SDK throws: an answer of the server, or a failure to get one. */
const thrownError = z.object({
  name: z.string().catch(''),
  message: z.string().catch(''),
  /** Of Node.js, such as ECONNREFUSED. */
  code: z.string().optional().catch(undefined),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional().catch(undefined),
  $response: z
    .object({ headers: z.record(z.string(), z.string()) })
    .optional()
    .catch(undefined),
});

const TOO_MANY: ReadonlySet<string> = new Set([
  'SlowDown',
  'TooManyRequests',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
]);
/** Refusals that end by themselves, whatever their status: the keys of a role are renewed. */
const PASSING: ReadonlySet<string> = new Set(['RequestTimeout', 'ExpiredToken', 'TokenRefreshRequired']);
/** Nothing was sent: there are no keys, or no region. */
const NOT_SET_UP = /^(CredentialsProviderError|ProviderError|TokenProviderError)$|Region is missing/;
/** No fault of an object: a key or a right that is gone, a bucket that is not there or in another region. */
const DENIED_STATUS: ReadonlySet<number> = new Set([301, 307, 401, 403, 404]);
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425]);
const TOO_MANY_REQUESTS = 429;
const LONGEST_REASON = 500;

interface FailedCall {
  /** `s3://bucket/prefix`. */
  readonly where: string;
  /** Completes «could not …». */
  readonly action: string;
}

/**
 * What the SDK threw, in words of the registry. Too many requests, a server error, no connection and a timeout are worth
 * another try, at the time that the server names; no such bucket, a wrong key and no right concern every book, which waits; every
 * other answer is a refusal.
 */
export function s3Failure(thrown: unknown, { where, action }: FailedCall): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  const error = thrownError.safeParse(thrown).data ?? { name: '', message: String(thrown) };
  const code = codeOf(error);
  return new ScriptoriumError(code, `${where} could not ${action}: ${reasonOf(error)}`, {
    cause: thrown,
    ...(code !== 'ARTIFACTS_REJECTED' && {
      retryAfterMs: retryAfterMs(error.$response?.headers['retry-after']),
    }),
  });
}

/** True when there is no such object, or no longer the one that was meant. */
export function isGone(thrown: unknown): boolean {
  const error = thrownError.safeParse(thrown).data;
  // A bucket that is not there is one as well, of another name.
  return error?.name === 'NoSuchKey' || statusOf(error) === 412;
}

/** True when the object is shorter than where it was to be read. */
export function isBehindEnd(thrown: unknown): boolean {
  return statusOf(thrownError.safeParse(thrown).data) === 416;
}

type ThrownError = z.infer<typeof thrownError>;

function statusOf(error: ThrownError | undefined): number | undefined {
  return error?.$metadata?.httpStatusCode;
}

type StorageCode = Extract<ErrorCode, `ARTIFACTS_${string}`>;

function codeOf(error: ThrownError): StorageCode {
  const status = statusOf(error);
  if (status === TOO_MANY_REQUESTS || TOO_MANY.has(error.name)) return 'ARTIFACTS_OVERLOADED';
  if (PASSING.has(error.name)) return 'ARTIFACTS_UNREACHABLE';
  if (NOT_SET_UP.test(error.name) || NOT_SET_UP.test(error.message)) return 'ARTIFACTS_DENIED';
  if (status !== undefined && DENIED_STATUS.has(status)) return 'ARTIFACTS_DENIED';
  const refused = status !== undefined && status >= 300 && status < 500 && !PASSING_STATUS.has(status);
  return refused ? 'ARTIFACTS_REJECTED' : 'ARTIFACTS_UNREACHABLE';
}

function reasonOf(error: ThrownError): string {
  const status = statusOf(error);
  const said = [
    ...(status === undefined ? [] : [`status ${status}`]),
    error.name === 'Error' ? '' : error.name,
    error.message || error.code || '',
  ];
  return said.filter(Boolean).join(', ').slice(0, LONGEST_REASON);
}
