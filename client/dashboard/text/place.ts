/** Where a text stands, in words. */

export interface Place {
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

/** `page 5`, `pages 5–6`, `Winding › On Sundays`, or both; empty when nothing is known. */
export function placeLabel({ page, section }: Place): string {
  return [pageLabel(page), section.join(' › ')].filter((part) => part !== '').join(' · ');
}

function pageLabel(page: Place['page']): string {
  if (!page) return '';
  return page.start === page.end ? `page ${page.start}` : `pages ${page.start}–${page.end}`;
}

/** The last part of a path of any operating system. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

/** The title of a book, or the name of its file where it has none. */
export function bookName({ title, path }: { readonly title?: string | null; readonly path: string }): string {
  return title?.trim() || fileName(path);
}
