/** Rows by book id and revision. */
export type RevisionCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A row as far as it is counted. */
export interface CountedRow {
  readonly bookId: string;
  readonly revision: string;
}

/** Counts that rows are added to. */
export type GrowingCounts = Map<string, Map<string, number>>;

export function countRows(rows: Iterable<CountedRow>): GrowingCounts {
  const counts: GrowingCounts = new Map();
  addRows(counts, rows);
  return counts;
}

export function addRows(counts: GrowingCounts, rows: Iterable<CountedRow>): void {
  for (const { bookId, revision } of rows) {
    const ofBook = counts.get(bookId);
    if (ofBook) ofBook.set(revision, (ofBook.get(revision) ?? 0) + 1);
    else counts.set(bookId, new Map([[revision, 1]]));
  }
}
