import { resolve } from 'node:path';
import { ScriptoriumError } from '../activities/errors.ts';

/**
 * A blank path would be the working folder: a script whose variable is not set must not ingest, or prune, that.
 * @throws ScriptoriumError INVALID_ARGUMENT
 */
export function absolutePaths(paths: readonly string[]): string[] {
  if (paths.some((path) => path.trim() === ''))
    throw new ScriptoriumError('INVALID_ARGUMENT', 'One of the paths is empty');
  return paths.map((path) => resolve(path));
}
