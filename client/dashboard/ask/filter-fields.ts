/** What the form of a question asks for, and what is sent of it. */

/** Names of the form's fields, as they are sent where they hold text. */
const texts = ['title', 'author', 'language', 'section'] as const;
export const formats = ['pdf', 'epub', 'docx', 'html', 'markdown', 'text'] as const;

type Range = { from?: number; to?: number };
export type Filters = Partial<Record<(typeof texts)[number], string>> & {
  format?: (typeof formats)[number];
  pages?: Range;
  years?: Range;
};

/** Reads one field; empty when it isn't there. */
export type Field = (name: string) => string;

/** Only what was filled in; undefined when nothing was. */
export function filtersOf(field: Field): Filters | undefined {
  const filters: Filters = {};
  for (const name of texts) if (field(name).trim() !== '') filters[name] = field(name).trim();
  const format = formats.find((each) => each === field('format'));
  if (format) filters.format = format;
  const pages = rangeOf(field, 'pages');
  const years = rangeOf(field, 'years');
  if (pages) filters.pages = pages;
  if (years) filters.years = years;
  return Object.keys(filters).length > 0 ? filters : undefined;
}

function rangeOf(field: Field, name: string): Range | undefined {
  const from = numberOf(field(`${name}-from`));
  const to = numberOf(field(`${name}-to`));
  if (from === undefined && to === undefined) return undefined;
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** Whole; undefined when it is none. */
export function numberOf(text: string): number | undefined {
  return /^-?\d+$/.test(text.trim()) ? Number(text) : undefined;
}
