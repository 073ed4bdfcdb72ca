import { describe, expect, test } from '@jest/globals';
import { NewFailures, percent, rowsOf, runLine, runText } from '../../client/cli/run-rows.ts';
import type { BookInFlight, IngestProgress } from '../../client/ingest-handle.ts';
import type { BookFailure } from '../../workflows/contract.ts';

const book = (name: string, rest: Partial<BookInFlight> = {}): BookInFlight => ({
  ...{
    bookId: name,
    path: `/books/${name}`,
    startedAtMs: 0,
    bytes: 10,
    stage: 'embed',
    done: 0.4,
    chunks: 1_200,
  },
  ...{ position: { done: 500, total: 1_200 } },
  ...rest,
});

const progress: IngestProgress = {
  ...{ library: 'default', state: 'ingesting', parallel: 20, chunks: 12_345, startedAtMs: 0 },
  books: { total: 9_000, ingested: 1_200, unchanged: 30, failed: 4, cancelled: 0 },
  ...{ formats: {}, samples: [], running: [book('a.pdf')], failures: [], inFlight: 1 },
  ...{ done: 0.137, expectedChunks: 90_000, rate: 21.34, secondsLeft: 3_725 },
};

describe('the text of a run', () => {
  test('has counts, rate, time left and parallelism', () => {
    expect(runText(progress)).toBe(
      '1,234 of 9,000 books, 4 failed, 12,345 chunks, 21.3 chunks/s, about 1 h 2 min left, parallel 20',
    );
  });

  test('says when it is paused, and nothing of a time that is not known', () => {
    expect(runText({ ...progress, state: 'paused', rate: 0, secondsLeft: null })).toBe(
      'paused, 1,234 of 9,000 books, 4 failed, 12,345 chunks, parallel 20',
    );
  });

  test('of a line names the books in flight, and the others by count', () => {
    expect(runLine({ ...progress, inFlight: 13 })).toBe(
      `13 % · ${runText(progress)} · a.pdf embed 500/1,200 chunks, and 12 more`,
    );
  });
});

describe('the rows of a run', () => {
  test('are one for the whole, one a book in flight, and one for those that are not shown', () => {
    const rows = rowsOf({
      ...progress,
      running: [book('a.pdf'), book('b.txt', { stage: null })],
      inFlight: 5,
    });
    expect(rows.map(({ kind, done, label }) => ({ kind, done, label: label.replace(/ +/g, ' ') }))).toEqual([
      { kind: 'run', done: 0.137, label: runText(progress) },
      { kind: 'book', done: 0.4, label: 'a.pdf embed 500/1,200 chunks' },
      { kind: 'book', done: 0.4, label: 'b.txt waiting' },
      { kind: 'more', done: 0, label: 'and 3 more books' },
    ]);
  });

  test('show no control character of a file name, and no name that is longer than its column', () => {
    const [, row] = rowsOf({ ...progress, running: [book(`\u001b[2J${'long'.repeat(20)}.pdf`)] });
    expect(row?.label).toMatch(/^\u{fffd}\[2J\w{27}… embed/u);
  });
});

test('a share is never 100 % before the end', () => {
  expect([0, 0.009, 0.5, 0.999, 1].map(percent)).toEqual(['0 %', '0 %', '50 %', '99 %', '100 %']);
});

test('each failure is told of once, and again only when it is another one', () => {
  const failure = (path: string, attempts = 1): BookFailure => ({
    ...{ path, stage: 'extract', code: 'CORRUPT_FILE', message: 'torn', attempts },
  });
  const told = new NewFailures();
  expect(told.of([failure('/b/a.pdf')])).toEqual(['✗ CORRUPT_FILE a.pdf']);
  expect(told.of([failure('/b/a.pdf'), failure('/b/b.pdf')])).toEqual(['✗ CORRUPT_FILE b.pdf']);
  expect(told.of([failure('/b/b.pdf')])).toEqual([]);
  expect(told.of([failure('/b/b.pdf', 2)])).toEqual(['✗ CORRUPT_FILE b.pdf']);
});
