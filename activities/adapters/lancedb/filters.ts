import type { NumberRange, SearchFilter } from '../../ports/vector-store.ts';
import { allOf, equals, isOneOf, sqlText } from './sql.ts';

/** The filter as an SQL condition on the columns of `point-rows.ts`; undefined when it lets everything through. */
export function filterCondition(filter: SearchFilter): string | undefined {
  const { library, libraries, bookId, title, author, language, format, section, pages, years } = filter;
  return allOf([
    ifGiven(library, (value) => equals('library', value)),
    ifGiven(libraries, (values) => isOneOf('library', values)),
    ifGiven(bookId, (value) => equals('book_id', value)),
    ifGiven(title, (value) => equals('title', value)),
    ifGiven(author, (value) => equals('author', value)),
    ifGiven(language, (value) => equals('language', value)),
    ifGiven(format, (value) => equals('format', value)),
    ifGiven(section, (value) => `array_has(section, ${sqlText(value)})`),
    ifGiven(pages, (range) => overlaps('page_start', 'page_end', range)),
    ifGiven(years, (range) => overlaps('year', 'year', range)),
  ]);
}

/** `first` to `last` shares a number with the range; without numbers it does not. */
function overlaps(first: string, last: string, { from, to }: NumberRange): string | undefined {
  return allOf([
    ifGiven(from, (number) => `${last} >= ${wholeNumber(number)}`),
    ifGiven(to, (number) => `${first} <= ${wholeNumber(number)}`),
  ]);
}

/** A number goes into SQL as it is, so it has to be one. */
function wholeNumber(value: number): string {
  return BigInt(value).toString();
}

function ifGiven<T>(value: T | undefined, condition: (value: T) => string | undefined): string | undefined {
  return value === undefined ? undefined : condition(value);
}
