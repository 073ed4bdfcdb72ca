/** What a question may be narrowed to. Only schemas and types. */
import { z } from 'zod';

/** Longest title, author or heading that is looked for, in UTF-16 units. */
const MAX_TEXT = 1_000;
const MAX_NUMBER = 1_000_000_000;

const text = z.string().min(1).max(MAX_TEXT);
const number = z.int().min(-MAX_NUMBER).max(MAX_NUMBER);
/** Both ends included; one may be left out. */
const range = z
  .strictObject({ from: number.optional(), to: number.optional() })
  .refine(({ from, to }) => from !== undefined || to !== undefined, 'name at least one end of the range')
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    message: 'the range ends before it begins',
  })
  .meta({
    minProperties: 1,
    description: 'Both ends included; one may be left out. It may not end before it begins.',
  });

/** As the readers of `activities/adapters/documents` name what they read. */
export const bookFormats = ['pdf', 'epub', 'docx', 'html', 'markdown', 'text'] as const;
/** No book is of another: to find nothing then would look like an answer. */
const format = z.enum(bookFormats, { error: `it must be one of ${bookFormats.join(', ')}` });

/** All that is given must hold; texts must be the same, letter by letter. */
export const searchFilters = z.strictObject({
  /** Id of a book. */
  book: z.uuid().optional(),
  title: text.optional(),
  author: text.optional(),
  /** As the book says it, for example `en`. */
  language: text.optional(),
  format: format.optional(),
  /** A heading that the passage stands under. */
  section: text.optional(),
  /** Pages of the book, from 1. */
  pages: range.optional(),
  /** Of publication. */
  years: range.optional(),
});
export type SearchFilters = z.input<typeof searchFilters>;

/** Most passages of one book. */
export const perBook = z.int().min(1).max(100);

export const searchModes = ['hybrid', 'dense', 'lexical'] as const;
/** By meaning and words, by meaning alone, or by words alone. */
export const searchMode = z.enum(searchModes);
export type SearchMode = (typeof searchModes)[number];

/** Chunks before and after a hit that are joined to it. */
export const neighbours = z.int().min(0).max(3);
