import { describe, expect, test } from '@jest/globals';
import { hashOf, parseRoute, type Route } from '../../../client/dashboard/routes.ts';

const routes: readonly Exclude<Route, { page: 'unknown' }>[] = [
  { page: 'runs' },
  { page: 'library', title: '', library: '', state: '' },
  { page: 'library', title: 'a & b?', library: 'Bücher', state: 'failed' },
  { page: 'book', bookId: 'x/y', n: 3, quote: 'wound "daily" #5' },
  { page: 'chunks', bookId: 'id' },
  { page: 'ask', question: 'Why 100 % + more?' },
  { page: 'search', query: 'bees' },
  { page: 'health' },
];

describe('an address', () => {
  test.each(routes)('leads back to its route: $page', (route) => {
    expect(parseRoute(hashOf(route))).toEqual(route);
  });

  test('that is empty leads to the runs, and a book without a page to its first', () => {
    expect(['', '#', '#/'].map((hash) => parseRoute(hash).page)).toEqual(['runs', 'runs', 'runs']);
    expect(parseRoute('#/library/id')).toEqual({ page: 'book', bookId: 'id', n: 1, quote: '' });
  });

  test.each([
    '#/nowhere',
    '#/runs/x',
    '#/library/id/pages/0',
    '#/library/id/pages/x',
    '#/library/id/pages/1/2',
  ])('that leads nowhere is told: %s', (hash) => {
    expect(parseRoute(hash)).toEqual({ page: 'unknown' });
  });

  test('that is spelt wrongly is no error', () => {
    expect(parseRoute('#/library/%E0%A4%A')).toMatchObject({ page: 'book', bookId: '%E0%A4%A' });
  });
});
