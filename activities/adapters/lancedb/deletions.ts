import type { Table } from '@lancedb/lancedb';
import { z } from 'zod';
import { countRows, type RevisionCounts } from './revision-counts.ts';
import { allOf, differs, equals, isOneOf } from './sql.ts';

/** Deletes a book: all of it, `only` one revision, all `except` one, or the points of these `ids`. */
export interface Deletion {
  readonly kind: 'delete';
  readonly bookId: string;
  readonly only?: string;
  readonly except?: string;
  readonly ids?: readonly string[];
}

const revisionRows = z.array(z.object({ book_id: z.string(), revision: z.string() }));

/** Rows that one query may give: about 10 MB. */
const MAX_COUNTED_ROWS = 100_000;

/** One scan for all of the books, with memory that does not grow with them. */
export async function countsOf(
  table: Table,
  bookIds: ReadonlySet<string>,
  maxRows = MAX_COUNTED_ROWS,
): Promise<RevisionCounts> {
  const found = await table
    .query()
    .where(isOneOf('book_id', bookIds))
    .select(['book_id', 'revision'])
    .limit(maxRows + 1)
    .toArray();
  if (found.length <= maxRows) return countsIn(found);
  const [bookId, ...others] = bookIds;
  if (bookId === undefined) return new Map();
  if (others.length === 0) return new Map([[bookId, await countsOfOne(table, bookId)]]);
  const half = Math.ceil(bookIds.size / 2);
  const all = [...bookIds];
  const parts = [all.slice(0, half), all.slice(half)];
  const counts = await Promise.all(parts.map((part) => countsOf(table, new Set(part), maxRows)));
  return new Map(counts.flatMap((part) => [...part]));
}

/** Of a giant: revision by revision, each counted where it lies. */
async function countsOfOne(table: Table, bookId: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (;;) {
    const known = [...counts.keys()].map((revision) => differs('revision', revision));
    const where = allOf([equals('book_id', bookId), ...known]) ?? 'false';
    const [row] = revisionRows.parse(
      await table.query().where(where).select(['book_id', 'revision']).limit(1).toArray(),
    );
    if (row === undefined) return counts;
    const one = allOf([equals('book_id', bookId), equals('revision', row.revision)]) ?? 'false';
    counts.set(row.revision, await table.countRows(one));
  }
}

function countsIn(found: unknown): RevisionCounts {
  return countRows(revisionRows.parse(found).map(({ book_id: bookId, revision }) => ({ bookId, revision })));
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
