import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Of the built package, or of the sources. */
const root = new URL('..', import.meta.url).href;

/**
 * Path of a module beside the calling one, for a process or thread of its own: `.ts` when run from source, in the built
 * package the program that was bundled from it, or else `.js`.
 */
export function siblingModule(callerUrl: string, name: string): string {
  if (callerUrl.endsWith('.ts')) return fileURLToPath(new URL(`${name}.ts`, callerUrl));
  const built = new URL(`${name}.js`, callerUrl).href;
  const program = fileURLToPath(`${root}programs/${built.slice(root.length).replaceAll('/', '-')}`);
  return built.startsWith(root) && existsSync(program) ? program : fileURLToPath(built);
}
