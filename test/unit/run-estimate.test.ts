import { describe, expect, test } from '@jest/globals';
import { duration } from '../../client/cli/output.ts';
import { placeText } from '../../client/cli/place.ts';
import { RunEstimate } from '../../client/cli/run-estimate.ts';
import type { BookInFlight, IngestProgress } from '../../client/ingest-handle.ts';

const idle: IngestProgress = {
  library: 'default',
  state: 'ingesting',
  parallel: 5,
  books: { total: 10, ingested: 0, unchanged: 0, failed: 0, cancelled: 0 },
  chunks: 0,
  running: [],
  failures: [],
  formats: {},
  samples: [],
  startedAtMs: 0,
};

function progress(
  done: Partial<IngestProgress['books']>,
  chunks: number,
  running: BookInFlight[] = [],
): IngestProgress {
  return { ...idle, books: { ...idle.books, ...done }, chunks, running };
}

function book(stage: BookInFlight['stage'], done: number, total: number | null): BookInFlight {
  return { bookId: 'b', path: '/b', startedAtMs: 0, stage, position: { done, total } };
}

describe('the estimate of a run', () => {
  test('says nothing of the time left after a single look', () => {
    expect(new RunEstimate().after(progress({ ingested: 3 }, 30), 5_000)).toEqual({
      chunksPerSecond: 0,
      secondsLeft: null,
    });
  });

  test('says nothing of the time left when two looks come at the same moment', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({}, 0), 5_000);
    expect(estimate.after(progress({ ingested: 3 }, 30), 5_000)).toEqual({
      chunksPerSecond: 0,
      secondsLeft: null,
    });
  });

  test('is of what was done between looks, not of what was there before', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({ ingested: 4, unchanged: 2 }, 1_000), 0);
    expect(estimate.after(progress({ ingested: 6, unchanged: 2 }, 1_200), 10_000)).toEqual({
      chunksPerSecond: 20,
      secondsLeft: 10,
    });
  });

  test('says nothing of the time left while no book gets further', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({ ingested: 1 }, 10), 0);
    expect(estimate.after(progress({ ingested: 1 }, 10), 10_000)).toEqual({
      chunksPerSecond: 0,
      secondsLeft: null,
    });
  });

  test('counts a book that is being embedded by its share, and its chunks', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({}, 0), 0);
    const { chunksPerSecond, secondsLeft } = estimate.after(
      progress({}, 0, [book('embed', 50, 100)]),
      10_000,
    );
    expect(chunksPerSecond).toBe(5);
    expect(secondsLeft).toBeCloseTo(190);
  });

  test('does not count the pages of a book that is being read as chunks', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({}, 0), 0);
    expect(estimate.after(progress({}, 0, [book('extract', 50, 100)]), 10_000).chunksPerSecond).toBe(0);
  });

  test('never has a negative rate, though chunks vanish from sight between two stages', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({}, 0, [book('embed', 90, 100)]), 0);
    expect(estimate.after(progress({}, 0, [book(null, 0, null)]), 1_000)).toEqual({
      chunksPerSecond: 0,
      secondsLeft: null,
    });
  });

  test('forgets what is more than a minute ago', () => {
    const estimate = new RunEstimate();
    for (let second = 0; second <= 60; second++)
      estimate.after(progress({ ingested: 0 }, second * 100), second * 1_000);
    let last = 0;
    for (let second = 61; second <= 180; second++)
      last = estimate.after(progress({}, 6_000 + (second - 60)), second * 1_000).chunksPerSecond;
    expect(last).toBeCloseTo(1, 1);
  });

  test('is none left at the end', () => {
    const estimate = new RunEstimate();
    estimate.after(progress({}, 0), 0);
    expect(estimate.after(progress({ ingested: 7, failed: 2, cancelled: 1 }, 70), 7_000).secondsLeft).toBe(0);
  });
});

describe('a time in words', () => {
  test.each([
    [0, '0.0 s'],
    [3.14, '3.1 s'],
    [10.4, '10 s'],
    [42.4, '42 s'],
    [59.4, '59 s'],
    [59.7, '1 min 0 s'],
    [60, '1 min 0 s'],
    [119.8, '2 min 0 s'],
    [125, '2 min 5 s'],
    [3_599.9, '1 h 0 min'],
    [3_600, '1 h 0 min'],
    [7_384, '2 h 3 min'],
    [90_000, '25 h 0 min'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe('a place in a book', () => {
  const place = { title: 'The Marsh', author: null, page: null, section: [] };

  test.each([
    [place, 'The Marsh'],
    [{ ...place, author: 'A. Reed' }, 'The Marsh (A. Reed)'],
    [{ ...place, page: { start: 3, end: 3 } }, 'The Marsh, page 3'],
    [{ ...place, page: { start: 3, end: 4 } }, 'The Marsh, pages 3–4'],
    [{ ...place, section: ['One', 'Birds'] }, 'The Marsh, One › Birds'],
  ])('%#: is %2$s', (given, text) => {
    expect(placeText(given)).toBe(text);
  });

  test('shows no control character of a title', () => {
    expect(placeText({ ...place, title: 'a\u001b[2Jb\nc\u0000\u202e' })).toBe(
      'a\u{fffd}[2Jb c\u{fffd}\u{fffd}',
    );
  });
});
