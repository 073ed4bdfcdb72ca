import type { NumberRange, SearchFilter } from '../../ports/vector-store.ts';

export interface FieldMatch {
  readonly key: string;
  readonly match: { readonly value: string };
}

interface FieldMatchAny {
  readonly key: string;
  readonly match: { readonly any: string[] };
}

interface FieldRange {
  readonly key: string;
  readonly range: { readonly gte?: number; readonly lte?: number };
}

export interface PointFilter {
  must: (FieldMatch | FieldMatchAny | FieldRange)[];
  must_not: FieldMatch[];
}

/** Every field that a filter asks for. Qdrant uses an index in a filtered search only if it was there before the points. */
export const payloadIndexes = {
  library: 'keyword',
  bookId: 'keyword',
  revision: 'keyword',
  title: 'keyword',
  author: 'keyword',
  language: 'keyword',
  format: 'keyword',
  section: 'keyword',
  year: 'integer',
  'page.start': 'integer',
  'page.end': 'integer',
} as const;

export function matches(key: keyof typeof payloadIndexes, value: string): FieldMatch {
  return { key, match: { value: value.toWellFormed() } };
}

export function matchesAny(key: keyof typeof payloadIndexes, values: readonly string[]): FieldMatchAny {
  return { key, match: { any: values.map((value) => value.toWellFormed()) } };
}

/** A list of headings matches when one of them does. */
export function pointFilter({ pages, years, libraries, ...texts }: SearchFilter): PointFilter {
  const { library, bookId, title, author, language, format, section } = texts;
  const given = Object.entries({ library, bookId, title, author, language, format, section });
  const must = given.flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, match: { value: value.toWellFormed() } }],
  );
  return {
    must: [
      ...must,
      ...(libraries === undefined ? [] : [matchesAny('library', libraries)]),
      ...overlaps('page.start', 'page.end', pages),
      ...overlaps('year', 'year', years),
    ],
    must_not: [],
  };
}

/** `first` to `last` shares a number with the range. */
function overlaps(first: string, last: string, { from, to }: NumberRange = {}): FieldRange[] {
  return [
    ...(from === undefined ? [] : [{ key: last, range: { gte: from } }]),
    ...(to === undefined ? [] : [{ key: first, range: { lte: to } }]),
  ];
}
