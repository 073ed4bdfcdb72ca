import { expect, test } from '@jest/globals';
import { cancelledCheckMs, SILENT_CHILD_CHECK_MS } from '../../workflows/policies.ts';

test('a run that is cancelled looks soon at first, and so seldom then that a day of it fits into a history', () => {
  expect(cancelledCheckMs(0)).toBe(SILENT_CHILD_CHECK_MS);
  let looks = 0;
  for (let ms = 0; ms < 24 * 3_600_000; ms += cancelledCheckMs(looks)) looks += 1;
  // A look is about ten events of a history that holds 51,200.
  expect(looks).toBeLessThan(100);
});
