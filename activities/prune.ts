/** Books whose source is gone, taken out of the catalog and the store. */
import { lstat } from 'node:fs/promises';
import { eachRecord } from './each-record.ts';
import { ScriptoriumError } from './errors.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { cancelledRecord } from './records.ts';
import { isBusy, type RunningWorkflows } from './running.ts';
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

/** A disk that is not mounted looks like a folder whose books are gone. */
const MOST = 0.1;
/** So many may go of a small folder, if they are few of the library. */
const FEW = 10;
/** Books removed side by side; LanceDB gathers their deletions into one commit. */
const AT_ONCE = 25;
/** Records in one condition of a store's language. */
const REMOVED_AT_ONCE = 2_000;

/**
 * The books below the paths whose source is gone.
 * @throws ScriptoriumError PRUNE_REFUSED when they are more than a tenth of the library, or of what it has below the paths,
 * and pruning is not forced
 */
export async function goneBooks({ catalog }: PrunePorts, input: PruneInput): Promise<BookRecord[]> {
  const { library, paths, failing, force } = input;
  const gone: BookRecord[] = [];
  let [books, below] = [0, 0];
  for await (const record of eachRecord(catalog, { library })) {
    const { path } = record;
    books += 1;
    if (!paths.covers(path)) continue;
    below += 1;
    if (!failing.covers(path) && (await isGone(path))) gone.push(record);
  }
  if (force) return gone;
  const of = `The sources of ${gone.length} of the`;
  const end = 'are gone; nothing was removed';
  if (gone.length > books * MOST)
    throw new ScriptoriumError('PRUNE_REFUSED', `${of} ${books} books of library ${library} ${end}`);
  if (gone.length > Math.max(FEW, below * MOST))
    throw new ScriptoriumError('PRUNE_REFUSED', `${of} ${below} books below the paths ${end}`);
  return gone;
}

/**
 * Those that nobody ingests at the moment: the others would be put back by whoever does, and are left to the next pruning.
 */
export async function notAtWork(
  books: readonly BookRecord[],
  running: RunningWorkflows,
): Promise<BookRecord[]> {
  const idle: BookRecord[] = [];
  for (let from = 0; from < books.length; from += AT_ONCE) {
    const some = books.slice(from, from + AT_ONCE);
    const busy = await Promise.all(some.map(({ library, bookId }) => isBusy(running, library, bookId)));
    for (const [at, book] of some.entries()) if (!busy[at]) idle.push(book);
  }
  return idle;
}

/**
 * Each record loses its revision first: from then on no search gives anything of the book. The records themselves go last:
 * an attempt that is cut off leaves them, so that the next one finds every book again, and counts it again.
 */
export async function removeBooks(
  { catalog, store }: PrunePorts,
  books: readonly BookRecord[],
  { workflowId, signal }: { readonly workflowId: string; readonly signal: AbortSignal },
): Promise<void> {
  for (let from = 0; from < books.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const some = books.slice(from, from + AT_ONCE);
    await Promise.all(some.map((book) => catalog.put(emptied(book, workflowId))));
    await Promise.all(some.map(({ bookId }) => store.delete(bookId)));
  }
  for (let from = 0; from < books.length; from += REMOVED_AT_ONCE)
    await catalog.remove(books.slice(from, from + REMOVED_AT_ONCE).map(({ bookId }) => bookId));
}

/** Of a book that is on its way out: there is nothing to search, and nothing that would pass for unchanged. */
function emptied(book: BookRecord, workflowId: string): BookRecord {
  const { title, author, format } = book;
  return { ...cancelledRecord(book, undefined, workflowId), title, author, format };
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
