/** Failures with a code of the registry, and what becomes one. */
import { types } from 'node:util';
import { errorRegistry } from './error-registry.ts';

export type { ErrorEntry } from './error-entry.ts';
export { errorRegistry } from './error-registry.ts';

export type ErrorCode = keyof typeof errorRegistry;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorRegistry, value);
}

/** A failure with a registry code. `message` says what happened, and to which book or option. */
export class ScriptoriumError extends Error {
  readonly code: ErrorCode;
  /** When the part that refused wants to be asked again, in milliseconds from now; undefined where it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number | undefined },
  ) {
    super(message, options && 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'ScriptoriumError';
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get retryable(): boolean {
    return errorRegistry[this.code].retryable;
  }

  get remedy(): string {
    return errorRegistry[this.code].remedy;
  }
}

/** Disk errors that end by themselves once someone frees space; everything else keeps its own meaning. */
const DISK_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Any thrown value as a ScriptoriumError; unknown ones become INTERNAL and keep their cause. */
export function toScriptoriumError(thrown: unknown): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  // Not `instanceof`: an error of the platform may come from another realm.
  if (!types.isNativeError(thrown)) return new ScriptoriumError('INTERNAL', String(thrown));
  const systemCode = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const code = DISK_CODES.has(systemCode) ? 'DISK_FULL' : 'INTERNAL';
  return new ScriptoriumError(code, thrown.message, { cause: thrown });
}
