import { fileURLToPath } from 'node:url';

/**
 * Path of a module beside the calling one, for a process or thread of its own: `.ts` when run from source, `.js` in
 * the built package.
 */
export function siblingModule(callerUrl: string, name: string): string {
  const ending = callerUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(name + ending, callerUrl));
}
