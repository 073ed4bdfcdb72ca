import type { Book } from '../book.ts';

/** The source itself: front matter and chapters. */
export async function renderMarkdown(book: Book): Promise<Buffer> {
  return Buffer.from(book.source);
}
