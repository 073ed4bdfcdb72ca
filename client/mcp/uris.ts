/** Addresses of books as resources. */
export const BOOK_TEMPLATE = 'scriptorium://books/{bookId}';
export const PAGE_TEMPLATE = 'scriptorium://books/{bookId}/pages/{n}';

export function bookUri(bookId: string): string {
  return `scriptorium://books/${bookId}`;
}

/** @param page of a PDF; null: the book */
export function pageUri(bookId: string, page: number | null): string {
  return page === null ? bookUri(bookId) : `${bookUri(bookId)}/pages/${page}`;
}
