import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf, nextBatch, paddedBatch } from '../../activities/adapters/onnx/device-batch.ts';

const of = (...tokens: number[]) => tokens.map((each) => ({ tokens: each }));
const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 80 });
const budgets = fc.integer({ min: 1, max: 20_000 });

describe('the next batch', () => {
  test('of nothing is none', () => {
    expect(nextBatch([], 1_000)).toBeNull();
  });

  test('is of texts of one length, where there are enough of them', () => {
    const waiting = of(...Array(40).fill(250), ...Array(40).fill(20));
    const batch = nextBatch(waiting, 32 * 256);
    expect(batch?.tokens).toBe(256);
    expect(batch?.taken).toEqual(of(...Array(32).fill(250)));
  });

  test('takes longer ones along with a single short text, rather than run for it alone', () => {
    const batch = nextBatch(of(20, ...Array(40).fill(250)), 32 * 256);
    expect(batch?.tokens).toBe(256);
    expect(batch?.taken).toHaveLength(32);
  });

  test('is one text where that is larger than the budget', () => {
    expect(nextBatch(of(250, 10, 10), 100)).toEqual({ taken: of(250), tokens: 256 });
  });

  test('holds the oldest, fits the budget and its own length, and wastes no room', () => {
    fc.assert(
      fc.property(lengths, budgets, (tokens, budget) => {
        const waiting = of(...tokens);
        const batch = nextBatch(waiting, budget);
        expect(batch?.taken).toContain(waiting[0]);
        const longest = Math.max(...(batch?.taken ?? []).map((text) => text.tokens));
        // Padded to no more than the longest of what waited needs, and to what the longest in it needs at least.
        expect(batch?.tokens).toBeGreaterThanOrEqual(longest);
        expect(batch?.tokens).toBeLessThanOrEqual(bucketOf(Math.max(...tokens)));
        expect((batch?.tokens ?? 0) % 8).toBe(0);
        const size = (batch?.taken.length ?? 0) * (batch?.tokens ?? 0);
        expect(batch?.taken.length === 1 || size <= budget).toBe(true);
        expect(new Set(batch?.taken).size).toBe(batch?.taken.length);
      }),
    );
  });

  test('and those after it take every text once', () => {
    fc.assert(
      fc.property(lengths, budgets, (tokens, budget) => {
        let waiting = tokens.map((each, id) => ({ tokens: each, id }));
        const taken: number[] = [];
        for (let batch = nextBatch(waiting, budget); batch; batch = nextBatch(waiting, budget)) {
          const now = new Set(batch.taken);
          taken.push(...batch.taken.map(({ id }) => id));
          waiting = waiting.filter((text) => !now.has(text));
        }
        expect(taken.sort((a, b) => a - b)).toEqual(tokens.map((_, id) => id));
      }),
    );
  });

  test('of many mixed texts pads them far less than the order in which they came', () => {
    const texts = Array.from({ length: 1_024 }, (_, n) => ({ tokens: 20 + ((n * 53) % 230) }));
    const useful = texts.reduce((sum, { tokens }) => sum + tokens, 0);
    let waiting = texts;
    let padded = 0;
    for (let batch = nextBatch(waiting, 64 * 256); batch; batch = nextBatch(waiting, 64 * 256)) {
      const now = new Set(batch.taken);
      padded += batch.taken.length * batch.tokens;
      waiting = waiting.filter((text) => !now.has(text));
    }
    expect(padded / useful).toBeLessThan(1.15);
    // In batches of 64 as they come, nearly all are padded to the longest.
    expect((texts.length * bucketOf(249)) / useful).toBeGreaterThan(1.8);
  });
});

test('a batch is laid out row by row, with padding behind each text', () => {
  expect(paddedBatch([[5, 6, 7], [8]], 4)).toEqual({
    ...{ rows: 2, tokens: 4 },
    ids: Int32Array.of(5, 6, 7, 0, 8, 0, 0, 0),
    lengths: Int32Array.of(3, 1),
  });
});
