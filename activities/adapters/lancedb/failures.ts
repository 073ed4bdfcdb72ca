import { ScriptoriumError } from '../../errors.ts';

/** System errors of a disk that ends to be writable: ENOSPC, EROFS, EDQUOT. LanceDB gives them as text only. */
const DISK_FULL =
  /os error (28|30|122)\b|no space left|read-only file system|quota exceeded|ENOSPC|EROFS|EDQUOT/i;
const REFUSED = /invalid input|invalid sql|schema|dimension|not valid utf|does not support/i;
const CONFLICT = /commit conflict|preempted by concurrent|incompatible transaction|already exists/i;

/** True when another process committed first and the same write can simply be done again. */
export function isConflict(thrown: unknown): boolean {
  return CONFLICT.test(messageOf(thrown));
}

/**
 * What LanceDB threw, in words of the registry. `action` completes «could not …», for example «write 20 points».
 * Whatever is neither a full disk nor a refusal is taken for a folder that does not answer, so that it is tried again.
 */
export function lanceFailure(thrown: unknown, folder: string, action: string): ScriptoriumError {
  if (thrown instanceof ScriptoriumError) return thrown;
  const reason = briefly(messageOf(thrown));
  const message = `The vector store in ${folder} could not ${action}: ${reason}`;
  return new ScriptoriumError(codeOf(reason), message, { cause: thrown });
}

function codeOf(reason: string): 'DISK_FULL' | 'STORE_REJECTED' | 'STORE_UNREACHABLE' {
  if (DISK_FULL.test(reason)) return 'DISK_FULL';
  return REFUSED.test(reason) ? 'STORE_REJECTED' : 'STORE_UNREACHABLE';
}

/** Not by `instanceof`: the library makes its errors outside of the realm that test runners put our code in. */
function messageOf(thrown: unknown): string {
  const isError = typeof thrown === 'object' && thrown !== null && 'message' in thrown;
  return String(isError ? thrown.message : thrown);
}

/** LanceDB repeats its chain of causes and adds the source lines of its own build; the first sentence says it all. */
function briefly(message: string): string {
  const first = message.split(/\n|\s+Caused by:/)[0] ?? message;
  return first.replace(/,\s*\/\S+\.rs:\d+:\d+.*$/s, '').trim();
}
