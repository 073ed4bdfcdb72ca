import { expect, test } from '@jest/globals';
import { exitCodeOf } from '../../client/cli/watch-run.ts';

const none = { total: 0, ingested: 0, unchanged: 0, failed: 0, cancelled: 0 };

test.each([
  ['no book to be found', 0, 'done', none],
  ['every book searchable', 0, 'done', { ...none, total: 3, ingested: 2, unchanged: 1 }],
  ['a book that failed', 3, 'done', { ...none, total: 2, ingested: 1, failed: 1 }],
  ['failed books alone', 3, 'done', { ...none, total: 1, failed: 1 }],
  ['a book that was cancelled', 3, 'done', { ...none, total: 2, unchanged: 1, cancelled: 1 }],
  ['a cancellation before any book was seen to', 1, 'cancelled', { ...none, total: 2, cancelled: 2 }],
  ['a cancellation while it looked for books', 1, 'cancelled', none],
  ['a cancellation after some books', 3, 'cancelled', { ...none, total: 1, ingested: 1 }],
] as const)('a run with %s ends with exit code %d', (_, code, state, books) => {
  expect(exitCodeOf({ state, books })).toBe(code);
});
