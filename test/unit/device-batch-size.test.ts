import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BatchSize } from '../../activities/adapters/onnx/device-batch-size.ts';

const LIMITS = { first: 32, most: 1_024, maxBatchMs: 1_000 };

/** Feeds full batches to a device with that speed (tokens a millisecond) and memory (tokens of a batch). */
function driven(
  size: BatchSize,
  {
    rate,
    memory = () => Number.POSITIVE_INFINITY,
    batches = 600,
  }: { rate: (tokens: number) => number; memory?: (batch: number) => number; batches?: number },
): number[] {
  const budgets: number[] = [];
  let nowMs = 0;
  for (let batch = 0; batch < batches; batch++) {
    const tokens = size.budget;
    budgets.push(tokens);
    nowMs += tokens / rate(tokens);
    if (tokens > memory(batch)) size.outOfMemory(tokens);
    else size.ended(tokens, nowMs);
  }
  return budgets;
}

/** Of a device that is the more efficient the larger the batch: half its best at `half` tokens. */
const saturating = (best: number, half: number) => (tokens: number) => (best * tokens) / (tokens + half);

describe('the size of batches', () => {
  test('doubles while that is faster, and stays where it no longer is', () => {
    const size = new BatchSize(LIMITS);
    const budgets = driven(size, { rate: (tokens) => Math.min(tokens, 256) });
    // 512 is tried, and brings nothing.
    expect([...new Set(budgets)]).toEqual([32, 64, 128, 256, 512]);
    expect(budgets.slice(-100)).toEqual(Array(100).fill(256));
  });

  test('goes no further than it may', () => {
    const size = new BatchSize({ ...LIMITS, most: 100 });
    expect(Math.max(...driven(size, { rate: (tokens) => tokens }))).toBe(100);
    expect(size.settled).toBe(true);
  });

  test('halves when memory runs out, and goes on with what fits', () => {
    const size = new BatchSize(LIMITS);
    const budgets = driven(size, { rate: (tokens) => tokens, memory: () => 200, batches: 100 });
    expect(Math.max(...budgets)).toBe(256);
    expect(budgets.slice(-50)).toEqual(Array(50).fill(128));
  });

  test('never goes below one text of full length, so that every text may still fill it', () => {
    const size = new BatchSize({ ...LIMITS, least: 24 });
    size.outOfMemory(20);
    expect(size.budget).toBe(24);
    // Whoever took the memory is gone: after a while there is more again.
    expect(Math.max(...driven(size, { rate: (tokens) => tokens, batches: 400 }))).toBe(32);
  });

  test('halves below the size of a batch that was smaller than it might have been', () => {
    const size = new BatchSize(LIMITS);
    size.outOfMemory(20);
    expect(size.budget).toBe(10);
    size.outOfMemory(1);
    expect(size.budget).toBe(1);
  });

  test('comes back after a time in which somebody else had the memory', () => {
    const size = new BatchSize({ ...LIMITS, most: 128 });
    driven(size, { rate: (tokens) => tokens });
    expect(size.budget).toBe(128);
    driven(size, { rate: (tokens) => tokens, memory: () => 40, batches: 10 });
    expect(size.budget).toBe(32);
    driven(size, { rate: (tokens) => tokens, batches: 2_000 });
    expect(size.budget).toBe(128);
  });

  test('does not grow by batches that do not fill it, nor by time in which there was nothing to do', () => {
    const size = new BatchSize(LIMITS);
    for (let batch = 0; batch < 50; batch++) size.ended(10, batch);
    for (let batch = 0; batch < 50; batch++) {
      size.ended(32, batch);
      size.idle();
    }
    expect(size.budget).toBe(32);
  });

  test('keeps a batch short enough for a question that waits', () => {
    const slow = new BatchSize({ ...LIMITS, maxBatchMs: 10 });
    driven(slow, { rate: () => 1 });
    expect(slow.budget).toBeLessThanOrEqual(10);
    expect(slow.budget).toBeGreaterThanOrEqual(5);
  });

  test('ends near the fastest that fits, whatever the device', () => {
    const devices = fc.record({
      best: fc.double({ min: 0.5, max: 1_000, noNaN: true }),
      half: fc.integer({ min: 1, max: 2_000 }),
      memory: fc.integer({ min: 1, max: 3_000 }),
    });
    fc.assert(
      fc.property(devices, ({ best, half, memory }) => {
        const size = new BatchSize({ ...LIMITS, maxBatchMs: Number.POSITIVE_INFINITY });
        const rate = saturating(best, half);
        // Fewer than it takes before a larger one is tried again.
        driven(size, { rate, memory: () => memory, batches: 120 });
        expect(size.budget).toBeLessThanOrEqual(memory);
        const fastest = Math.max(
          ...[32, 64, 128, 256, 512, 1_024].map((each) => (each <= memory ? rate(each) : 0)),
        );
        expect(rate(size.budget)).toBeGreaterThanOrEqual(fastest * 0.9);
      }),
    );
  });

  test('is at least one token, whatever happens', () => {
    const events = fc.array(
      fc.oneof(
        fc.record({ oom: fc.integer({ min: 1, max: 5_000 }) }),
        fc.record({ ended: fc.integer({ min: 1, max: 5_000 }), ms: fc.nat(5_000) }),
      ),
    );
    fc.assert(
      fc.property(events, (happened) => {
        const size = new BatchSize(LIMITS);
        let nowMs = 0;
        for (const event of happened) {
          if ('oom' in event) size.outOfMemory(event.oom);
          else {
            nowMs += event.ms;
            size.ended(event.ended, nowMs);
          }
          expect(size.budget).toBeGreaterThanOrEqual(1);
          expect(size.budget).toBeLessThanOrEqual(LIMITS.most);
          expect(Number.isInteger(size.budget)).toBe(true);
        }
      }),
    );
  });
});
