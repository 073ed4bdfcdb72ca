import { eachRecord } from './each-record.ts';
import { isOfContent } from './failed-before.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import { PathSet } from './sources/below.ts';

export interface RetryInput {
  readonly library: string;
  /** `failed` leaves out the books whose content is at fault; `all` takes every one. */
  readonly retry: 'failed' | 'all';
  /** Only books that failed since; for `all` also those below `paths`, whenever they failed. Milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  readonly paths?: readonly string[] | undefined;
  /** Ids of books that are left out. */
  readonly except?: readonly string[] | undefined;
}

/** Paths of the failed books of a library that are to be tried again. */
export async function pathsToRetry(catalog: Catalog, input: RetryInput): Promise<string[]> {
  const below = new PathSet(input.paths);
  const except = new Set(input.except);
  const isMeant = ({ bookId, failure, updatedAtMs, path }: BookRecord): boolean => {
    if (except.has(bookId)) return false;
    const recent = updatedAtMs >= (input.sinceMs ?? 0);
    if (input.retry === 'all') return recent || below.covers(path);
    return recent && !isOfContent(failure?.code ?? '');
  };
  const paths: string[] = [];
  for await (const record of eachRecord(catalog, { library: input.library, state: 'failed' }))
    if (isMeant(record)) paths.push(record.path);
  return paths;
}
