/** Books whose source is gone, taken out of the catalog and the store. */
import { lstat } from 'node:fs/promises';
import { eachRecord } from './each-record.ts';
import { ScriptoriumError } from './errors.ts';
import type { Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import type { PathSet } from './sources/below.ts';

export interface PrunePorts {
  readonly catalog: Catalog;
  readonly store: VectorStore;
}

export interface PruneInput {
  readonly library: string;
  /** What was walked. */
  readonly paths: PathSet;
  /** What could not be walked: of what lies below it nothing is known. */
  readonly failing: PathSet;
  /** However many would go. */
  readonly force: boolean;
}

/** A disk that is not mounted looks like a library whose books are gone. */
const MOST = 0.1;
/** Books removed side by side; LanceDB gathers their deletions into one commit. */
const AT_ONCE = 25;

/**
 * Ids of the books below the paths whose source is gone.
 * @throws ScriptoriumError PRUNE_REFUSED when they are more than a tenth of the library, and pruning is not forced
 */
export async function goneBooks({ catalog }: PrunePorts, input: PruneInput): Promise<string[]> {
  const { library, paths, failing, force } = input;
  const gone: string[] = [];
  let books = 0;
  for await (const { bookId, path } of eachRecord(catalog, { library })) {
    books += 1;
    if (paths.covers(path) && !failing.covers(path) && (await isGone(path))) gone.push(bookId);
  }
  if (force || gone.length <= books * MOST) return gone;
  throw new ScriptoriumError(
    'PRUNE_REFUSED',
    `The sources of ${gone.length} of the ${books} books of library ${library} are gone; nothing was removed`,
  );
}

/** The record first: from then on no search gives anything of the book. */
export async function removeBooks(
  { catalog, store }: PrunePorts,
  bookIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < bookIds.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const some = bookIds.slice(from, from + AT_ONCE);
    await catalog.remove(some);
    await Promise.all(some.map((bookId) => store.delete(bookId)));
  }
}

/** What can't be looked at is not known to be gone. */
async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}
