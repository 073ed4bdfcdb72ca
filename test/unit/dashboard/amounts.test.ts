import { describe, expect, test } from '@jest/globals';
import { amount, bytes, chunkRate, counted, percent } from '../../../client/dashboard/text/amounts.ts';
import { ago, duration, milliseconds } from '../../../client/dashboard/text/duration.ts';

describe('a duration', () => {
  test.each([
    [-3, '0 s'],
    [0.2, '0 s'],
    [42, '42 s'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [7_500, '2 h 5 min'],
    [7_200 + 5, '2 h'],
    [86_400, '1 day'],
    [3 * 86_400 + 4 * 3_600 + 59, '3 days 4 h'],
  ])('of %d seconds is %s', (seconds, wanted) => {
    expect(duration(seconds)).toBe(wanted);
  });

  test.each([
    [0.25, '0.3 ms'],
    [8, '8 ms'],
    [839.6, '840 ms'],
    [1_240, '1.2 s'],
    [65_000, '1 min 5 s'],
  ])('of %d milliseconds is %s', (ms, wanted) => {
    expect(milliseconds(ms)).toBe(wanted);
  });

  test.each([
    [1_000, 'just now'],
    [-5_000, 'just now'],
    [45_000, '45 s ago'],
    [3 * 60_000, '3 min ago'],
    [25 * 3_600_000, '1 day ago'],
    [50 * 3_600_000, '2 days ago'],
  ])('that began %d ms ago is told as %s', (since, wanted) => {
    expect(ago(1e12 - since, 1e12)).toBe(wanted);
  });
});

describe('an amount', () => {
  test('is grouped, and has its noun', () => {
    expect([amount(9_000), counted(1, 'book'), counted(0, 'book'), counted(1_350_000, 'chunk')]).toEqual([
      ...['9,000', '1 book', '0 books', '1,350,000 chunks'],
    ]);
  });

  test('of work is 100 % only when it is done', () => {
    expect([0, 0.509, 0.9999, 1, 1.2, -1].map(percent)).toEqual([
      ...['0 %', '50 %', '99 %', '100 %', '100 %', '0 %'],
    ]);
  });

  test('a second', () => {
    expect([0, 20.44, 99.99, 1_234.5].map(chunkRate)).toEqual([
      ...['0 chunks/s', '20.4 chunks/s', '100 chunks/s', '1,235 chunks/s'],
    ]);
  });

  test('of bytes', () => {
    expect([0, 999, 1_000, 1_540_000, 156e6, 5e15].map(bytes)).toEqual([
      ...['0 B', '999 B', '1 KB', '1.5 MB', '156 MB', '5000 TB'],
    ]);
  });
});
