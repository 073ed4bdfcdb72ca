import { z } from 'zod';
import type { BookRecord, FailureRecord, LibraryRecord } from '../ports/catalog.ts';

/** Parses what a store gives back: another version of the program, or a person, may have written it. */
const failureRecord: z.ZodType<FailureRecord> = z.object({
  stage: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: z.number().int(),
  fingerprint: z.string().optional(),
});

export const bookRecord: z.ZodType<BookRecord> = z.object({
  bookId: z.string(),
  library: z.string(),
  path: z.string(),
  title: z.string().nullable(),
  author: z.string().nullable(),
  format: z.string().nullable(),
  state: z.enum(['ingested', 'failed', 'cancelled']),
  revision: z.string().nullable(),
  sha256: z.string().nullable(),
  bytes: z.number(),
  mtimeMs: z.number(),
  pipeline: z.string(),
  pages: z.number().int(),
  unreadable: z.number().int().optional(),
  chunks: z.number().int(),
  // Records of version 0.1 have none.
  artifacts: z
    .object({ pages: z.string(), chunks: z.string(), vectors: z.string() })
    .nullable()
    .default(null),
  failure: failureRecord.nullable(),
  workflowId: z.string(),
  updatedAtMs: z.number(),
});

export const libraryRecord: z.ZodType<LibraryRecord> = z.object({
  library: z.string(),
  embedderId: z.string(),
  dimensions: z.number().int(),
});

/** The record with every text as valid Unicode: half of a surrogate pair makes Qdrant refuse a request. */
export function wellFormedBook(record: BookRecord): BookRecord {
  const { failure } = record;
  return {
    ...record,
    library: record.library.toWellFormed(),
    path: record.path.toWellFormed(),
    title: record.title?.toWellFormed() ?? null,
    author: record.author?.toWellFormed() ?? null,
    failure: failure === null ? null : { ...failure, message: failure.message.toWellFormed() },
  };
}
