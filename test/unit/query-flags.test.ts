/** What a person types after `ask` and `search`, and what the client is asked for. */
import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import fc from 'fast-check';
import { bookFormats as read } from '../../activities/ports/documents.ts';
import {
  type QueryFlags,
  queryOptions,
  type SearchFlags,
  searchOptions,
  withQueryOptions,
  withSearchOptions,
} from '../../client/cli/query-flags.ts';
import { formats as offered } from '../../client/dashboard/ask/filter-fields.ts';
import { askInput, searchInput } from '../../workflows/contract.ts';
import { bookFormats, searchFilters } from '../../workflows/filter-contract.ts';

function parsed(args: readonly string[]): SearchFlags {
  const command = withSearchOptions(new Command('search')).argument('<query>');
  command.exitOverride().configureOutput({ writeErr: () => {} });
  return command.parse(['lamp', ...args], { from: 'user' }).opts<SearchFlags>();
}

const optionsOf = (...args: string[]) => searchOptions(parsed(args));
const problemsOf = (value: unknown): string[] =>
  searchFilters.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

describe('the flags of a search', () => {
  test('ask for nothing that was not said', () => {
    expect(optionsOf()).toEqual({ topK: 10 });
  });

  test('each say what they are named for', () => {
    const id = '6f4c1f0e-2f9d-4b36-8a5e-0c9d1a7b3e58';
    const options = optionsOf(
      ...[
        '--library',
        'manuals',
        '--top-k',
        '3',
        '--per-book',
        '2',
        '--mode',
        'lexical',
        '--neighbours',
        '0',
      ],
      ...['--book', id, '--title', 'T', '--author', 'A', '--language', 'en', '--format', 'pdf'],
      ...['--section', 'S', '--pages', '10-20', '--years', '-1899'],
    );
    expect(options).toEqual({
      ...{ library: 'manuals', topK: 3, perBook: 2, mode: 'lexical', neighbours: 0 },
      filters: {
        ...{ book: id, title: 'T', author: 'A', language: 'en', format: 'pdf', section: 'S' },
        ...{ pages: { from: 10, to: 20 }, years: { to: 1899 } },
      },
    });
    expect(searchInput.safeParse({ query: 'lamp', ...options }).success).toBe(true);
  });

  test.each([
    ['12', { from: 12, to: 12 }],
    ['10-20', { from: 10, to: 20 }],
    ['10-', { from: 10 }],
    ['-20', { to: 20 }],
  ])('take %s as a range', (text, range) => {
    expect(optionsOf(`--pages=${text}`).filters?.pages).toEqual(range);
  });

  test.each(['', '-', 'x', '1-2-3', '1..2', '1.5', '-1-2'])('refuse %j as a range', (text) => {
    expect(() => parsed([`--pages=${text}`])).toThrow(/number or a range/);
  });

  test.each([
    ['--per-book', '0', 'perBook'],
    ['--library', '', 'library'],
    ['--top-k', '0', 'topK'],
  ])('do not leave out %s %j, which is refused', (flag, value, named) => {
    const { error } = searchInput.safeParse({ query: 'lamp', ...optionsOf(flag, value) });
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([named]);
  });

  test.each([
    ['PDF', 'pdf'],
    ['.epub', 'epub'],
    ['.MD', 'markdown'],
    ['txt', 'text'],
    ['markdown', 'markdown'],
  ])('take %s as a format', (text, format) => {
    expect(optionsOf('--format', text).filters?.format).toBe(format);
  });

  test.each(['mobi', '', 'application/pdf'])('refuse %j as a format, and list those there are', (text) => {
    expect(() => parsed([`--format=${text}`])).toThrow(/pdf, epub, docx, html, markdown, text/);
  });

  test('refuse another mode than there are', () => {
    expect(() => parsed(['--mode', 'magic'])).toThrow(/hybrid, dense, lexical/);
  });

  test('of a question are what its input knows', () => {
    const command = withQueryOptions(new Command('ask')).argument('<question>');
    const flags = command
      .parse(['Who?', '--author', 'A', '--per-book', '1'], { from: 'user' })
      .opts<QueryFlags>();
    expect(askInput.safeParse({ question: 'Who?', ...queryOptions(flags) }).success).toBe(true);
  });
});

describe('the filters of a search', () => {
  test.each(['mobi', '', 'PDF', 7])('refuse %j as a format, and list those there are', (format) => {
    expect(problemsOf({ format })).toEqual([
      'format: it must be one of pdf, epub, docx, html, markdown, text',
    ]);
  });

  test('know every format that is read', () => {
    expect(bookFormats).toEqual(read);
    expect(offered).toEqual(read);
  });

  test('that are unknown are refused by name', () => {
    expect(problemsOf({ publisher: 'x' }).join()).toContain('publisher');
  });

  test.each([
    { from: 3, to: 2 },
    {},
    { from: 1.5 },
    { from: '1' },
    { from: Number.NaN },
    { to: 1e12 },
    null,
    3,
  ])('refuse %j as a range', (range) => {
    expect(problemsOf({ years: range })[0]).toMatch(/^years/);
  });

  test('take every range that begins before it ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(1_000), (from, length) => {
        const to = Math.min(1e9, from + length);
        expect(problemsOf({ pages: { from, to } })).toEqual([]);
      }),
    );
  });

  test.each([{ title: '' }, { author: 'x'.repeat(1_001) }, { book: 'no id' }, { section: 3 }])(
    'refuse %j',
    (filters) => {
      expect(problemsOf(filters)).toHaveLength(1);
    },
  );
});
