/** Books by a part of their title, author or file name: no catalog has an index on those. */
import { basename } from 'node:path';
import type { BookPage, BookSummary } from '../workflows/result-contract.ts';

export interface TitledQuery {
  /** Letter case and accents do not count: people search as they type. */
  readonly title: string;
  readonly limit: number;
  readonly after?: string | undefined;
}

/**
 * Looks through the catalog from `after` until it has found as many as were asked for; 9,000 records take a fraction of a
 * second where the catalog is at hand.
 * @param pageAfter a page of the catalog, as large as is read at once
 */
export async function titledBooks(
  { title, limit, after }: TitledQuery,
  pageAfter: (after: string | undefined) => Promise<BookPage>,
): Promise<BookPage> {
  const wanted = folded(title);
  const found: BookSummary[] = [];
  for (let from: string | undefined | null = after; from !== null && found.length <= limit; ) {
    const { books, next }: BookPage = await pageAfter(from);
    found.push(...books.filter((book) => isNamed(book, wanted)));
    from = next;
  }
  const books = found.slice(0, limit);
  return { books, next: found.length > limit ? (books.at(-1)?.bookId ?? null) : null };
}

function isNamed({ title, author, path }: BookSummary, wanted: string): boolean {
  return [title ?? '', author ?? '', basename(path)].some((text) => folded(text).includes(wanted));
}

function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}
