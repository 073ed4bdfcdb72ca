import { expect, test } from '@jest/globals';
import { retryAfterMs } from '../../activities/adapters/retry-after.ts';

const NOW = Date.UTC(2026, 9, 21, 7, 28, 0);

test.each([
  ['17', 17_000],
  [' 1 ', 1_000],
  ['86400', 3_600_000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Thu, 22 Oct 2026 07:28:30 GMT', 3_600_000],
  ['Wed, 21 Oct 2026 07:27:30 GMT', undefined],
  ['0', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['May 3', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After: %s is a wait of %s ms', (header, waitMs) => {
  expect(retryAfterMs(header, NOW)).toBe(waitMs);
});
