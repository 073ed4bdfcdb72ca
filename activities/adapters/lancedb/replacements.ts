/** Points that are there already, and what takes their place. */
import type { Table } from '@lancedb/lancedb';
import type { Table as ArrowTable } from 'apache-arrow';
import { z } from 'zod';
import type { StoredPoint } from '../../ports/vector-store.ts';
import { isOneOf } from './sql.ts';

const idRows = z.array(z.object({ id: z.string(), _rowid: z.bigint() }));

/** Row ids of each of the points that is there already. A filter by book is cheap; one by id would read every row. */
export async function copiesOf(
  table: Table,
  points: readonly StoredPoint[],
): Promise<ReadonlyMap<string, bigint[]>> {
  const ids = new Set(points.map(({ id }) => id));
  const found = await table
    .query()
    .where(isOneOf('book_id', new Set(points.map(({ bookId }) => bookId))))
    .select(['id'])
    .withRowId()
    .toArray();
  const mine = idRows.parse(found).filter(({ id }) => ids.has(id));
  const copies = Map.groupBy(mine, ({ id }) => id);
  return new Map([...copies].map(([id, rows]) => [id, rows.map((row) => row._rowid)]));
}

/**
 * Replaces rows by id in one commit, so that a crash loses none. Where two processes have added the same points at
 * the same moment there are two rows an id, and a merge would keep both: the surplus goes first. Row ids move when
 * another process compacts meanwhile, so the ids are asked for as well; what that could hit is written again at once.
 */
export async function replaceCopies(
  table: Table,
  rows: ArrowTable,
  copies: ReadonlyMap<string, bigint[]>,
): Promise<void> {
  const twice = [...copies].filter(([, rowIds]) => rowIds.length > 1);
  if (twice.length > 0) {
    const surplus = twice.flatMap(([, rowIds]) => rowIds.slice(1));
    const ids = twice.map(([id]) => id);
    await table.delete(`_rowid IN (${surplus.join(', ')}) AND ${isOneOf('id', ids)}`);
  }
  await table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows);
}
