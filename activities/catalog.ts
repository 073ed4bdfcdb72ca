import type { BookPage, BookSummary } from '../workflows/result-contract.ts';
import type { BookQuery, BookRecord, Catalog, FailureRecord } from './ports/catalog.ts';
import { stageOf } from './records.ts';
import { questionStage } from './stage.ts';

export type CatalogActivities = ReturnType<typeof createCatalogActivities>;

type Listing = { readonly [K in keyof BookQuery]: BookQuery[K] | undefined } & { readonly limit: number };

export function createCatalogActivities({ catalog }: { readonly catalog: Catalog }) {
  return {
    listCatalog: questionStage((listing: Listing) => catalogPage({ catalog }, listing)),
  };
}

/** Needs no workflow: whoever holds the catalog may call it. */
export async function catalogPage(
  { catalog }: { readonly catalog: Catalog },
  { library, libraries, state, after, limit }: Listing,
): Promise<BookPage> {
  const books = await catalog.list({
    ...(library && { library }),
    ...(libraries && { libraries }),
    ...(state && { state }),
    ...(after && { after }),
    limit,
  });
  const next = books.length < limit ? null : (books.at(-1)?.bookId ?? null);
  return { books: books.map(summaryOf), next };
}

export function summaryOf({
  bookId,
  library,
  path,
  title,
  author,
  state,
  pages,
  unreadable,
  chunks,
  revision,
  failure,
}: BookRecord): BookSummary {
  return {
    bookId,
    library,
    path,
    title,
    author,
    state,
    pages,
    ...(unreadable && { unreadable }),
    chunks,
    revision,
    failure: failure && { ...shown(failure), stage: stageOf(failure.stage) },
  };
}

function shown({ code, message, attempts }: FailureRecord): Omit<FailureRecord, 'stage'> {
  return { code, message, attempts };
}
