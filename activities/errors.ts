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
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
/** What a disk that was pulled out, or a network folder whose server is away, gives for every file on it. */
const DROPPED: ReadonlySet<string> = new Set([
  'EIO',
  'ESTALE',
  'ENOTCONN',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'ENODEV',
]);
const TOO_MANY_FILES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/** The code for a disk that is full or out of service; null for any other error, which keeps its own meaning. */
export function diskCodeOf(thrown: unknown): 'DISK_FULL' | 'DISK_UNREACHABLE' | null {
  // Not `instanceof`: an error of the platform may come from another realm.
  if (!types.isNativeError(thrown) || !('code' in thrown) || typeof thrown.code !== 'string') return null;
  const { code, message } = thrown;
  if (FULL.has(code)) return 'DISK_FULL';
  // Sockets have some of these codes too; only errors of the file system begin with theirs.
  const dropped = DROPPED.has(code) && message.startsWith(`${code}: `);
  return dropped || TOO_MANY_FILES.has(code) ? 'DISK_UNREACHABLE' : null;
}

/** Any thrown value as a ScriptoriumError; unknown ones become INTERNAL and keep their cause. */
export function toScriptoriumError(thrown: unknown): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  if (!types.isNativeError(thrown)) return new ScriptoriumError('INTERNAL', String(thrown));
  return new ScriptoriumError(diskCodeOf(thrown) ?? 'INTERNAL', thrown.message, { cause: thrown });
}
