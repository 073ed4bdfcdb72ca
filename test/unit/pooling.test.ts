import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Pooling, pool } from '../../activities/adapters/onnx/pooling.ts';

const value = fc.float({ min: -100, max: 100, noNaN: true });
/** The hidden state of one text: a row a token. */
const hidden = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 16 }))
  .chain(([tokens, dimensions]) =>
    fc.array(fc.array(value, { minLength: dimensions, maxLength: dimensions }), {
      minLength: tokens,
      maxLength: tokens,
    }),
  );

describe('the pooled vector of a text', () => {
  test('is the mean of its tokens, scaled to length one', () => {
    expect(
      pooled([
        [3, 0],
        [3, 8],
      ]),
    ).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    expect(pooled([[0, -5]])).toEqual([0, -1]);
  });

  test('has length one and the direction of the mean, as double precision gives it', () => {
    fc.assert(
      fc.property(hidden, (rows) => {
        const mean = (rows[0] ?? []).map(
          (_, d) => rows.reduce((sum, row) => sum + (row[d] ?? 0), 0) / rows.length,
        );
        const length = Math.hypot(...mean);
        fc.pre(length > 1e-2);
        const vector = pooled(rows);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
        for (const [d, x] of vector.entries()) expect(x).toBeCloseTo((mean[d] ?? 0) / length, 3);
      }),
    );
  });

  test('is zero, and no NaN, when the tokens cancel out', () => {
    expect(
      pooled([
        [1, -2],
        [-1, 2],
      ]),
    ).toEqual([0, 0]);
  });

  test('does not depend on what was in its place, nor on what lies behind the tokens', () => {
    const state = Float32Array.of(3, 0, 3, 8, 99, 99);
    const into = Float32Array.of(7, 7);
    pool(state, 2, 'mean', into);
    expect([...into]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
  });

  test('is the first or the last token where the model was trained so', () => {
    const rows = [
      [3, 4],
      [9, 9],
      [0, -2],
    ];
    expect(pooled(rows, 'cls')).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    expect(pooled(rows, 'last')).toEqual([0, -1]);
    for (const how of ['mean', 'cls', 'last'] as const) expect(pooled([[0, 2]], how)).toEqual([0, 1]);
  });

  test('goes where it is wanted, and nowhere else', () => {
    const all = Float32Array.of(5, 5, 5, 5);
    pool(Float32Array.of(0, 2), 1, 'mean', all.subarray(1, 3));
    expect([...all]).toEqual([5, 0, 1, 5]);
  });
});

function pooled(rows: readonly (readonly number[])[], how: Pooling = 'mean'): number[] {
  const into = new Float32Array(rows[0]?.length ?? 0);
  pool(Float32Array.from(rows.flat()), rows.length, how, into);
  return [...into];
}
