/** Whether the catalog holds a book as it lies on disk now. */
import { isCancellation, log, patched, proxyActivities } from '@temporalio/workflow';
import type { ScanActivities } from '../activities/scan.ts';
import { policies } from './policies.ts';

const { checkBook } = proxyActivities<ScanActivities>(policies.quick);

interface FoundBook {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
}

/** A look that fails for good is no failure of the run: the book is ingested once more. */
export async function isAsFound(book: FoundBook): Promise<boolean> {
  try {
    return await checkBook(book);
  } catch (error) {
    if (isCancellation(error) || !patched('books-that-cannot-be-checked-are-started')) throw error;
    log.warn('a book of another run could not be looked at', { path: book.path, error: String(error) });
    return false;
  }
}
