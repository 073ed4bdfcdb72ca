/** Catalog records for books that were not ingested. */
import { type Stage, stages } from '../workflows/contract.ts';
import type { BookRecord, FailureRecord } from './ports/catalog.ts';

interface NamedBook {
  readonly bookId: string;
  readonly library: string;
  readonly path: string;
  readonly bytes: number;
  /** As it was when the book was found. */
  readonly mtimeMs?: number | undefined;
}

/** What is searchable of the book stays as it was; only its state tells of the failure. */
export function failedRecord(
  book: NamedBook,
  failure: FailureRecord,
  before: BookRecord | undefined,
  workflowId: string,
): BookRecord {
  return { ...unfinished(book, before, workflowId), state: 'failed', failure };
}

export function cancelledRecord(
  book: NamedBook,
  before: BookRecord | undefined,
  workflowId: string,
): BookRecord {
  return { ...unfinished(book, before, workflowId), state: 'cancelled', failure: null };
}

function unfinished(
  book: NamedBook,
  before: BookRecord | undefined,
  workflowId: string,
): Omit<BookRecord, 'state' | 'failure'> {
  return {
    title: before?.title ?? null,
    author: before?.author ?? null,
    format: before?.format ?? null,
    revision: before?.revision ?? null,
    sha256: before?.sha256 ?? null,
    mtimeMs: book.mtimeMs ?? before?.mtimeMs ?? 0,
    pipeline: before?.pipeline ?? '',
    pages: before?.pages ?? 0,
    ...(before?.unreadable && { unreadable: before.unreadable }),
    chunks: before?.chunks ?? 0,
    artifacts: before?.artifacts ?? null,
    bookId: book.bookId,
    library: book.library,
    path: book.path,
    bytes: book.bytes,
    workflowId,
    updatedAtMs: Date.now(),
  };
}

/** A stage's name as it was stored, checked. */
export function stageOf(value: unknown): Stage {
  return stages.find((stage) => stage === value) ?? 'extract';
}
