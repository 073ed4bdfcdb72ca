/** Failures as RFC 9457 has them: one document for whatever goes wrong, with the code of the registry. */
import {
  type ErrorCode,
  errorRegistry,
  ScriptoriumError,
  toScriptoriumError,
} from '../../activities/errors.ts';
import type { Problem } from './contract.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The page that explains every code, on this server. */
export const CODES_PAGE = '/docs/errors';

/** Of what a request can meet. A part that is out of service is 503, and whatever is left our own fault. */
const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  OUTSIDE_ROOTS: 403,
  NOT_FOUND: 404,
  LIBRARY_NOT_FOUND: 404,
  BOOK_NOT_FOUND: 404,
  PAGE_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  NO_RUN: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  RUN_IN_PROGRESS: 409,
  RUN_NOT_READY: 409,
  MODEL_MISMATCH: 409,
  LIBRARY_EMPTY: 409,
  IDEMPOTENCY_CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNSUPPORTED_FORMAT: 415,
  EMPTY_FILE: 422,
  CORRUPT_FILE: 422,
  ENCRYPTED: 422,
  UNSAFE_ARCHIVE: 422,
  SOURCE_MISSING: 422,
  RATE_LIMITED: 429,
  JOBS_FULL: 429,
  ANSWER_BUDGET_SPENT: 429,
  QUESTION_TIMEOUT: 504,
};

export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? (errorRegistry[code].outage ? 503 : 500);
}

/** What a message says of our own faults stays in the log: it may name files, addresses and keys. */
export function problemOf(error: unknown, instance: string): Problem {
  const { code, message, remedy } = toScriptoriumError(error);
  const status = statusOf(code);
  const { meaning } = errorRegistry[code];
  return {
    type: `${CODES_PAGE}#${code}`,
    title: meaning,
    status,
    detail: status === 500 ? meaning : message,
    ...{ code, remedy, instance },
  };
}

/** Seconds to wait before the same request is worth sending again; null where waiting does not help. */
export function retryAfterOf(error: unknown): number | null {
  const { code, retryAfterMs } = toScriptoriumError(error);
  if (retryAfterMs !== undefined) return Math.max(1, Math.ceil(retryAfterMs / 1_000));
  if (code === 'JOBS_FULL') return JOBS_RETRY_S;
  const status = statusOf(code);
  return status === 503 || (status === 429 && errorRegistry[code].retryable) ? DEFAULT_RETRY_S : null;
}

const DEFAULT_RETRY_S = 5;
/** The job at work takes minutes, as a rule. */
const JOBS_RETRY_S = 60;

/** What the HTTP layer itself refuses, by the codes of fastify and its plugins. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_VALIDATION: 'INVALID_ARGUMENT',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_ARGUMENT',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_ARGUMENT',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_ARGUMENT',
  FST_ERR_BAD_URL: 'INVALID_ARGUMENT',
  FST_ERR_MAX_PARAM_LENGTH: 'INVALID_ARGUMENT',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_REQ_FILE_TOO_LARGE: 'TOO_LARGE',
  FST_FILES_LIMIT: 'INVALID_ARGUMENT',
  FST_PARTS_LIMIT: 'INVALID_ARGUMENT',
  FST_FIELDS_LIMIT: 'INVALID_ARGUMENT',
  FST_PROTO_VIOLATION: 'INVALID_ARGUMENT',
  FST_ERR_ASYNC_CONSTRAINT: 'INVALID_ARGUMENT',
};

interface CodedError extends Error {
  readonly code: string;
}

/** A refusal of fastify or one of its plugins as an error of the registry; others as they are. */
export function fromFastify(error: unknown): ScriptoriumError {
  if (!isCoded(error)) return toScriptoriumError(error);
  const code = refusals[error.code] ?? (statusIn(error) === 400 ? 'INVALID_ARGUMENT' : null);
  return code === null
    ? toScriptoriumError(error)
    : new ScriptoriumError(code, withoutStop(error.message), { cause: error });
}

function isCoded(error: unknown): error is CodedError {
  return (
    !(error instanceof ScriptoriumError) &&
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string'
  );
}

function statusIn(error: Error): unknown {
  return 'statusCode' in error ? error.statusCode : null;
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}
