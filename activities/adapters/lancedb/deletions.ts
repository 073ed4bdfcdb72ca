import type { Table } from '@lancedb/lancedb';
import { z } from 'zod';
import { allOf, differs, equals, isOneOf } from './sql.ts';

/** Deletes a book: all of it, `only` one revision, all `except` one, or the points of these `ids`. */
export interface Deletion {
  readonly kind: 'delete';
  readonly bookId: string;
  readonly only?: string;
  readonly except?: string;
  readonly ids?: readonly string[];
}

/** Rows by book id and revision. */
export type RevisionCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

const revisionRows = z.array(z.object({ book_id: z.string(), revision: z.string() }));

/** One scan for all books of a commit. */
export async function revisionCounts(table: Table, bookIds: ReadonlySet<string>): Promise<RevisionCounts> {
  const found = await table
    .query()
    .where(isOneOf('book_id', bookIds))
    .select(['book_id', 'revision'])
    .toArray();
  const books = Map.groupBy(revisionRows.parse(found), (row) => row.book_id);
  return new Map([...books].map(([bookId, rows]) => [bookId, countBy(rows.map(({ revision }) => revision))]));
}

/** How many rows the deletion hits; with `ids`, at most. */
export function doomedRows(deletion: Deletion, counts: RevisionCounts): number {
  const revisions = [...(counts.get(deletion.bookId) ?? [])];
  return revisions
    .filter(([revision]) => deletion.only === undefined || revision === deletion.only)
    .filter(([revision]) => deletion.except === undefined || revision !== deletion.except)
    .reduce((sum, [, rows]) => sum + rows, 0);
}

/** The deletion as an SQL condition. */
export function deletionFilter({ bookId, only, except, ids }: Deletion): string {
  const conditions = [
    equals('book_id', bookId),
    only === undefined ? undefined : equals('revision', only),
    except === undefined ? undefined : differs('revision', except),
    ids === undefined ? undefined : isOneOf('id', ids),
  ];
  return allOf(conditions) ?? 'false';
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const groups = Map.groupBy(values, (value) => value);
  return new Map([...groups].map(([value, all]) => [value, all.length]));
}
