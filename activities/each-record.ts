import type { BookQuery, BookRecord, Catalog } from './ports/catalog.ts';

/** Records read at once, about a kilobyte each. */
const PAGE = 500;

type Meant = Pick<BookQuery, 'library' | 'libraries' | 'state'>;

/** Every record that the query means, in the order of book ids, whatever is written or removed meanwhile. */
export async function* eachRecord(catalog: Catalog, query: Meant = {}): AsyncGenerator<BookRecord> {
  for await (const page of eachPage(catalog, query)) yield* page;
}

/** The same, as many at once as are read at once; no page is empty. */
export async function* eachPage(catalog: Catalog, query: Meant = {}): AsyncGenerator<readonly BookRecord[]> {
  let after: string | undefined;
  do {
    const page = await catalog.list({ ...query, ...(after !== undefined && { after }), limit: PAGE });
    if (page.length > 0) yield page;
    after = page.length < PAGE ? undefined : page.at(-1)?.bookId;
  } while (after !== undefined);
}
