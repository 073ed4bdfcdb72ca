import type { Table } from '@lancedb/lancedb';
import { z } from 'zod';
import type { PointKey, SearchFilter } from '../../ports/vector-store.ts';
import { filterCondition } from './filters.ts';
import { allOf, sqlText } from './sql.ts';
import type { LanceTable } from './table.ts';

/**
 * A stream reads one version of the table, and a compaction deletes versions after 30 s; so a scan of millions of rows is
 * done in sixteen short ones, by the first digit of the book's id.
 */
const BOUNDS: readonly string[] = [...'123456789abcdef'];

const columns = ['id', 'book_id', 'library', 'revision', 'ordinal'];
const keyRow = z.object({
  id: z.string(),
  book_id: z.string(),
  library: z.string(),
  revision: z.string(),
  ordinal: z.number().int(),
});

/** Keys of all points that pass the filter, a record batch at a time. */
export async function* scanRanges(
  table: LanceTable,
  filter: SearchFilter,
): AsyncGenerator<readonly PointKey[]> {
  const common = filterCondition(filter);
  const ranges = filter.bookId === undefined ? rangesBetween(BOUNDS) : [undefined];
  for (const range of ranges) {
    const batches = await table.read('be scanned', (opened) =>
      Promise.resolve(batchesOf(opened, allOf([common, range]))),
    );
    for (;;) {
      const { value, done } = await table.read('be scanned', () => batches.next());
      if (done) break;
      yield value;
    }
  }
}

/** One more condition than bounds: below the first, between each two, from the last. */
function rangesBetween(bounds: readonly string[]): (string | undefined)[] {
  return [undefined, ...bounds].map((from, index) => {
    const to = bounds[index];
    return allOf([
      from === undefined ? undefined : `book_id >= ${sqlText(from)}`,
      to === undefined ? undefined : `book_id < ${sqlText(to)}`,
    ]);
  });
}

async function* batchesOf(table: Table, where: string | undefined): AsyncGenerator<PointKey[]> {
  const query = table.query().select(columns);
  if (where !== undefined) query.where(where);
  for await (const batch of query) {
    const rows: unknown[] = batch.toArray();
    yield rows.map(keyOf);
  }
}

function keyOf(row: unknown): PointKey {
  const { id, book_id: bookId, library, revision, ordinal } = keyRow.parse(row);
  return { id, bookId, library, revision, ordinal };
}
