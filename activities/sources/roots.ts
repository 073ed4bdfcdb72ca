import { sep } from 'node:path';
import { ScriptoriumError } from '../errors.ts';

/**
 * Holds the real path of a source against the library roots, whoever asks. No roots means no restriction.
 * @throws ScriptoriumError OUTSIDE_ROOTS
 */
export function assertInsideRoots(path: string, realPath: string, roots: readonly string[]): void {
  if (roots.length === 0 || roots.some((root) => isInside(realPath, root))) return;
  throw new ScriptoriumError(
    'OUTSIDE_ROOTS',
    `${path} leads to ${realPath}, which is outside the library roots`,
  );
}

function isInside(path: string, root: string): boolean {
  const folder = root.endsWith(sep) ? root : `${root}${sep}`;
  return path === root || path.startsWith(folder);
}
