import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { growthOf, type Measured } from '../bench/memory/growth.ts';

const rowOf = (figures: readonly number[]): Measured[] =>
  figures.map((figure, at) => ({ atSeconds: at * 10, figure }));

describe('growth over time', () => {
  test('is none of what stays as it is', () => {
    expect(growthOf(rowOf(Array.from({ length: 50 }, () => 7)))).toEqual({
      ...{ tenths: Array.from({ length: 10 }, () => 7), lastToSecond: 1, perHour: 0, largest: 7 },
    });
  });

  test('is told a unit an hour, whatever the level and the pace', () => {
    const steps = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 10, max: 200 }), (step, length) => {
        const { perHour } = growthOf(rowOf(Array.from({ length }, (_, at) => 5_000 + at * step)));
        expect(perHour).toBeCloseTo(step * 360, 3);
      }),
    );
  });

  test('leaves out the first tenth, in which everything warms up', () => {
    const { lastToSecond, perHour } = growthOf(
      rowOf(Array.from({ length: 100 }, (_, at) => (at < 10 ? at : 500))),
    );
    expect({ lastToSecond, perHour }).toEqual({ lastToSecond: 1, perHour: 0 });
  });

  test('is seen where it comes late', () => {
    const { lastToSecond } = growthOf(rowOf(Array.from({ length: 100 }, (_, at) => (at < 90 ? 100 : 150))));
    expect(lastToSecond).toBe(1.5);
  });

  test('is not hidden by a collection of garbage near the end', () => {
    const figures = Array.from({ length: 100 }, (_, at) => (at < 20 ? 100 : at < 90 ? 120 : 80));
    expect(growthOf(rowOf(figures)).lastToSecond).toBe(1.2);
  });

  test('is not told from fewer than ten figures', () => {
    expect(() => growthOf(rowOf([1, 2, 3]))).toThrow('3 figures are too few');
  });
});
