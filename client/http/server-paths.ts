/** Who may hand in paths of the server, and which. What may be read at all the workers hold against their roots. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Principal } from './principal.ts';

/** Paths of the server as one asker may use them. */
export interface PathRights {
  /** Whether any may be handed in. */
  readonly areTaken: boolean;
  /** @throws ScriptoriumError FORBIDDEN where one of them may not be handed in */
  check(paths: readonly string[]): Promise<void>;
}

export interface ServerPathOptions {
  /** Whether the workers read below SCRIPTORIUM_LIBRARY_ROOTS only. */
  readonly rootsSet: boolean;
  /** Folder of what was uploaded, to every library. */
  readonly uploads: string;
}

type Asker = Pick<Principal, 'name' | 'libraries' | 'keyNeeded'>;

export function pathRights(who: Asker, { rootsSet, uploads }: ServerPathOptions): PathRights {
  const refusal = refusalOf(who, rootsSet);
  return {
    areTaken: refusal === null,
    check: async (paths) => {
      if (refusal !== null) throw new ScriptoriumError('FORBIDDEN', `paths: ${refusal}`);
      await assertNotUploaded(paths, uploads);
    },
  };
}

function refusalOf({ name, libraries, keyNeeded }: Asker, rootsSet: boolean): string | null {
  // A folder does not say whose books it holds: it may be that of a library which the key may not see.
  if (libraries !== null)
    return `the key ${name} is for ${libraries.join(', ')} alone, and a path may lead to books of others; upload the books instead`;
  if (keyNeeded && !rootsSet)
    return 'this server takes paths only where SCRIPTORIUM_LIBRARY_ROOTS says which folders may be read; upload the books instead';
  return null;
}

/**
 * What was uploaded belongs to the library that it was uploaded to.
 * @throws ScriptoriumError FORBIDDEN
 */
export async function assertNotUploaded(paths: readonly string[], uploads: string): Promise<void> {
  const ours = [resolve(uploads), await realPathOf(uploads)];
  for (const path of paths) {
    const names = [resolve(path), await realPathOf(path)];
    if (names.some((name) => ours.some((folder) => isInside(name, folder))))
      throw new ScriptoriumError(
        'FORBIDDEN',
        `paths: ${path.slice(0, 200)} lies in the folder of uploads; upload the book to the library that it is for`,
      );
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Of what does not exist: where it would be. */
async function realPathOf(path: string): Promise<string> {
  const whole = resolve(path);
  for (let there = whole; ; there = dirname(there)) {
    const real = await realpath(there).catch(() => null);
    if (real !== null) return join(real, relative(there, whole));
    if (dirname(there) === there) return whole;
  }
}
