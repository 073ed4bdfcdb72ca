import type { BookFormat } from '../activities/ports/documents.ts';

/** One sample book, ready to be set in its format. */
export interface Book {
  /** Name of the source file without its ending; the name of the book file, too. */
  readonly slug: string;
  readonly title: string;
  readonly author: string;
  /** BCP 47 tag. */
  readonly language: string;
  readonly year: number;
  readonly format: BookFormat;
  readonly chapters: readonly Chapter[];
  /** The Markdown source as it stands. */
  readonly source: string;
}

export interface Chapter {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'paragraph'; readonly runs: readonly Run[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Run[])[] }
  | {
      readonly kind: 'table';
      readonly header: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export type TableBlock = Extract<Block, { kind: 'table' }>;

/** A stretch of text in one style. */
export interface Run {
  readonly text: string;
  readonly style: 'plain' | 'italic' | 'bold';
}

/** The text of runs without their styles. */
export function plainText(runs: readonly Run[]): string {
  return runs.map((run) => run.text).join('');
}

/** Start of the year of a book, UTC: the only date that its file may carry, so that every build gives the same bytes. */
export function bookDate(book: Book): Date {
  return new Date(Date.UTC(book.year, 0, 1));
}
