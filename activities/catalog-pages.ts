import type { BookRecord, Catalog } from './ports/catalog.ts';

/** Records read at once, about a kilobyte each. */
const PAGE = 500;

/** All records, of a library or of all, page by page in the order of book ids. */
export async function* eachPage(catalog: Catalog, library?: string): AsyncGenerator<readonly BookRecord[]> {
  const query = { ...(library !== undefined && { library }), limit: PAGE };
  for (let after: string | undefined; ; ) {
    const page = await catalog.list({ ...query, ...(after !== undefined && { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.bookId;
    if (page.length < PAGE || after === undefined) return;
  }
}
