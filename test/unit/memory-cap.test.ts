import { describe, expect, test } from '@jest/globals';
import { MemoryWatch } from '../../workers/memory-cap.ts';

/** Looks at these sizes one after the other, with a limit of 100; gives how often it was told to drain at each. */
function drainsAt(sizes: readonly number[]): number[] {
  let now = 0;
  const drained: number[] = [];
  const options = { maxBytes: 100, ownBytes: () => now, drain: () => void drained.push(now) };
  const watch = new MemoryWatch({ ...options, logger: { warn: () => {} } });
  return sizes.map((size) => {
    now = size;
    watch.look();
    return drained.length;
  });
}

describe('the memory of a worker', () => {
  test('that stays above its limit makes it drain', () => {
    expect(drainsAt([99, 101, 150, 101])).toEqual([0, 0, 0, 1]);
  });

  test('may have a peak, and may be exactly the limit', () => {
    expect(drainsAt([101, 101, 100, 101, 101, 90])).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
