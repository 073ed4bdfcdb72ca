/** The flags of `ask` and `search`, and what they say to the client. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_TOP_K } from '../../workflows/contract.ts';
import {
  bookFormats,
  type SearchFilters,
  type SearchMode,
  searchModes,
} from '../../workflows/filter-contract.ts';
import type { QueryOptions, SearchOptions } from '../index.ts';
import { withToldChoices } from './told-choices.ts';
import { wholeNumber } from './whole-number.ts';

export interface QueryFlags extends Omit<SearchFilters, 'pages' | 'years'> {
  readonly library?: string;
  readonly topK: number;
  readonly perBook?: number;
  readonly pages?: Span;
  readonly years?: Span;
}

export interface SearchFlags extends QueryFlags {
  readonly mode?: SearchMode;
  readonly neighbours?: number;
}

interface Span {
  readonly from?: number;
  readonly to?: number;
}

export function withQueryOptions(command: Command): Command {
  return command
    .option('--library <name>', 'look only in this library')
    .option('--top-k <n>', 'passages to find, 1 to 100', wholeNumber, DEFAULT_TOP_K)
    .option('--per-book <n>', 'passages of one book at most', wholeNumber)
    .option('--book <id>', 'look only in this book')
    .option('--title <text>', 'only in books of exactly this title, as `books` shows it')
    .option('--author <text>', 'only in books of exactly this author, as `books` shows it')
    .option('--language <code>', 'only in books in this language, for example en')
    .addOption(
      withToldChoices(new Option('--format <name>', 'only in books of this format'), bookFormats, bookFormat),
    )
    .option('--section <heading>', 'only below this heading')
    .option('--pages <range>', 'only on these pages: 12, 10-20, 10- or -20', span)
    .option('--years <range>', 'only in books of these years: 1999, 1990-1999, 1990- or -1999', span);
}

export function withSearchOptions(command: Command): Command {
  return withQueryOptions(command)
    .addOption(new Option('--mode <mode>', 'search by meaning and words, or by one').choices(searchModes))
    .option(
      '--neighbours <n>',
      'chunks before and after a hit that are joined to it, 0 to 3 (default: 1)',
      wholeNumber,
    );
}

export function queryOptions({ library, topK, perBook, ...filters }: QueryFlags): QueryOptions {
  const { book, title, author, language, format, section, pages, years } = filters;
  const given = { book, title, author, language, format, section, pages, years };
  const narrowed = Object.values(given).some((value) => value !== undefined);
  return {
    topK,
    // An empty name, or a zero, is refused by the schema, and not left out.
    ...(library !== undefined && { library }),
    ...(perBook !== undefined && { perBook }),
    ...(narrowed && { filters: given }),
  };
}

export function searchOptions({ mode, neighbours, ...flags }: SearchFlags): SearchOptions {
  return { ...queryOptions(flags), ...(mode && { mode }), ...(neighbours !== undefined && { neighbours }) };
}

/** What people call a format by the ending of its files. */
const formatsByEnding: ReadonlyMap<string, (typeof bookFormats)[number]> = new Map([
  ...bookFormats.map((format) => [format, format] as const),
  ['md', 'markdown'],
  ['txt', 'text'],
  ['htm', 'html'],
  ['xhtml', 'html'],
]);

/** `pdf`, `PDF` or `.pdf`. */
function bookFormat(text: string): (typeof bookFormats)[number] {
  const format = formatsByEnding.get(text.trim().toLowerCase().replace(/^\./, ''));
  if (!format) throw new InvalidArgumentError(`It must be one of ${bookFormats.join(', ')}.`);
  return format;
}

/** `12`, `10-20`, `10-` or `-20`; that it ends after it begins is checked by the schema. */
function span(text: string): Span {
  const [, from, dash, to] = /^(\d*)(-?)(\d*)$/.exec(text.trim()) ?? [];
  if (!from && !to) throw new InvalidArgumentError('It must be a number or a range, for example 10-20.');
  if (!dash) return { from: Number(from), to: Number(from) };
  return { ...(from && { from: Number(from) }), ...(to && { to: Number(to) }) };
}
