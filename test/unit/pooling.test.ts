import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { meanPool } from '../../activities/adapters/onnx/pooling.ts';

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
    meanPool(state, 2, into);
    expect([...into]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
  });

  test('goes where it is wanted, and nowhere else', () => {
    const all = Float32Array.of(5, 5, 5, 5);
    meanPool(Float32Array.of(0, 2), 1, all.subarray(1, 3));
    expect([...all]).toEqual([5, 0, 1, 5]);
  });
});

function pooled(rows: readonly (readonly number[])[]): number[] {
  const into = new Float32Array(rows[0]?.length ?? 0);
  meanPool(Float32Array.from(rows.flat()), rows.length, into);
  return [...into];
}
