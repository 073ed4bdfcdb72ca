import { printable } from './output.ts';

interface Place {
  readonly title: string;
  readonly author?: string | null;
  readonly page: { readonly start: number; readonly end: number } | null;
  readonly section: readonly string[];
}

/** Title, author, page and section, as a person would cite them. */
export function placeText({ title, author, page, section }: Place): string {
  const pages = page
    ? `, ${page.start === page.end ? `page ${page.start}` : `pages ${page.start}–${page.end}`}`
    : '';
  const trail = section.length > 0 ? `, ${section.join(' › ')}` : '';
  return printable(`${title}${author ? ` (${author})` : ''}${pages}${trail}`);
}
