/** Which page to open for a passage. */
import { pageOfBook } from '../api/calls.ts';
import type { PageOfBook } from '../api/types.ts';
import type { Place } from '../text/place.ts';
import { findQuote } from '../text/quote.ts';

/** Sections that are asked for at once. */
const AT_ONCE = 6;

/**
 * A passage with a page is on it. One without stands in a section, whose number the server doesn't tell: the sections are
 * read until one under the same headings holds the quote.
 * @returns from 1; 1 when it isn't found
 */
export async function findPage(
  bookId: string,
  place: Place,
  quote: string,
  signal: AbortSignal,
): Promise<number> {
  if (place.page) return place.page.start;
  const first = await pageOfBook(bookId, 1, signal);
  if (holds(first, place, quote)) return 1;
  for (let from = 2; from <= first.of; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, first.of - from + 1) }, (_, at) => from + at);
    const pages = await Promise.all(numbers.map((n) => pageOfBook(bookId, n, signal)));
    const found = pages.find((page) => holds(page, place, quote));
    if (found) return found.n;
  }
  return 1;
}

/** A passage may be headed by less than its section is, or by more. */
function holds(page: PageOfBook, { section }: Place, quote: string): boolean {
  const isSame = page.section.every((heading, at) => section[at] === undefined || section[at] === heading);
  return isSame && findQuote(page.text, quote) !== null;
}
