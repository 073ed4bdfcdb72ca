import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListedArtifact } from '../../ports/artifact-store.ts';

/** `<hash>`, or `<hash>.<hash of the owner>.partial`. */
const artifactFile = /^([0-9a-f]{32})(?:\.([0-9a-f]{32})\.partial)?$/;
const kindFolder = /^[a-z]+$/;
const prefixFolder = /^[0-9a-f]{2}$/;

/** Where an artifact lies below the root of its store, in a folder as in a bucket: `<kind>/<first two digits>/<hash>`. */
export function placeOf(key: string): string {
  const [kind = '', hash = ''] = key.split('/');
  if (!kindFolder.test(kind) || !/^[0-9a-f]{32}$/.test(hash))
    throw new Error(`${key} is no key of an artifact`);
  return `${kind}/${hash.slice(0, 2)}/${hash}`;
}

/** The artifacts in a folder; files of other names are nobody's business. */
export async function* listArtifactFiles(folder: string): AsyncGenerator<ListedArtifact> {
  for await (const kind of namesIn(folder)) {
    if (!kindFolder.test(kind)) continue;
    for await (const prefix of namesIn(join(folder, kind))) {
      if (prefixFolder.test(prefix)) yield* filesIn(folder, kind, prefix);
    }
  }
}

async function* filesIn(folder: string, kind: string, prefix: string): AsyncGenerator<ListedArtifact> {
  for await (const name of namesIn(join(folder, kind, prefix))) {
    const [, hash = '', partialOf = null] = artifactFile.exec(name) ?? [];
    if (!hash.startsWith(prefix)) continue;
    const found = await orGone(stat(join(folder, kind, prefix, name)));
    if (found?.isFile())
      yield { key: `${kind}/${hash}`, partialOf, bytes: found.size, modifiedMs: found.mtimeMs };
  }
}

/** Names in a folder; none when there is no such folder. */
async function* namesIn(folder: string): AsyncGenerator<string> {
  const opened = await orGone(opendir(folder));
  if (opened) for await (const entry of opened) yield entry.name;
}

/** Others write and rename at the same time; what is gone by now is none of the folder's any more. */
async function orGone<T>(looked: Promise<T>): Promise<T | null> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null;
    throw error;
  }
}
