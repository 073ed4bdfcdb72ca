import { expect, test } from '@jest/globals';
import { collectRegularly } from '../../activities/lean-heap.ts';
import { eventually } from '../helpers/eventually.ts';

function leftAlone(): WeakRef<object> {
  return new WeakRef({ large: new Uint8Array(1_000) });
}

/** Keeps this process from being idle. */
function work(ms: number): boolean {
  for (const until = performance.now() + ms; performance.now() < until; );
  return false;
}

test('what nobody holds is collected, though the heap is far from full', async () => {
  const objects = Array.from({ length: 10 }, leftAlone);
  using _collecting = collectRegularly(30);
  await eventually(() => work(5) || objects.every((each) => each.deref() === undefined), { forMs: 20_000 });
  expect(objects.map((each) => each.deref())).toEqual(Array(10).fill(undefined));
});
