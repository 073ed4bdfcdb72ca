import { eachRecord } from './each-record.ts';
import { isOfContent, knownFailure } from './failed-before.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import { PathSet } from './sources/below.ts';
import { stateOfSource } from './sources/source-file.ts';

export interface RetryPorts {
  readonly catalog: Catalog;
  readonly roots: readonly string[];
  /** Of today's attempts; see `attemptFingerprintOf`. */
  readonly attempt: string;
}

export interface RetryInput {
  readonly library: string;
  /** `failed` leaves out the books whose content is at fault; `all` takes every one. */
  readonly retry: 'failed' | 'all';
  /**
   * Only books that failed since; for `all` also those below `paths` that a scan passes over as known to fail. Others below them
   * wait in the run already. Milliseconds since 1970.
   */
  readonly sinceMs?: number | undefined;
  readonly paths?: readonly string[] | undefined;
  /** Ids of books that are left out. */
  readonly except?: readonly string[] | undefined;
}

/** Paths of the failed books of a library that are to be tried again. */
export async function pathsToRetry(ports: RetryPorts, input: RetryInput): Promise<string[]> {
  const below = new PathSet(input.paths);
  const except = new Set(input.except);
  const isMeant = async (record: BookRecord): Promise<boolean> => {
    const { bookId, failure, updatedAtMs, path } = record;
    if (except.has(bookId)) return false;
    const recent = updatedAtMs >= (input.sinceMs ?? 0);
    if (input.retry === 'failed') return recent && !isOfContent(failure?.code ?? '');
    return recent || (below.covers(path) && (await isPassedOver(ports, record)));
  };
  const paths: string[] = [];
  for await (const record of eachRecord(ports.catalog, { library: input.library, state: 'failed' }))
    if (await isMeant(record)) paths.push(record.path);
  return paths;
}

async function isPassedOver({ roots, attempt }: RetryPorts, record: BookRecord): Promise<boolean> {
  const source = await stateOfSource(record.path, roots).catch(() => null);
  return source !== null && knownFailure({ ...source, path: record.path }, record, attempt) !== null;
}
