import type { BookQuery, BookRecord, Catalog } from './ports/catalog.ts';

/** Records read at once, about a kilobyte each. */
const PAGE = 500;

/** Every record that the query means, in the order of book ids, whatever is written or removed meanwhile. */
export async function* eachRecord(
  catalog: Catalog,
  query: Pick<BookQuery, 'library' | 'state'>,
): AsyncGenerator<BookRecord> {
  let after: string | undefined;
  do {
    const page = await catalog.list({ ...query, ...(after !== undefined && { after }), limit: PAGE });
    yield* page;
    after = page.length < PAGE ? undefined : page.at(-1)?.bookId;
  } while (after !== undefined);
}
