/** The model's own tokenizer: sentences that meet at white space count for as much together as each by itself. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTokenCounter } from '../../../activities/adapters/documents/sandbox/tokenizer.ts';
import type { TokenCounter } from '../../../activities/text/tokens.ts';
import { homeOf } from '../../../client/home.ts';
import { findAsset } from '../../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../../workers/assets/manifest.ts';

let counter: TokenCounter;

beforeAll(async () => {
  counter = await openTokenCounter(
    await findAsset(tokenizerAsset, { cacheFolder: homeOf().cache, env: process.env }),
  );
}, 300_000);

describe('the tokenizer of the model', () => {
  test('is additive, as it says', async () => {
    expect(counter.additive).toBe(true);
    const word = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.lorem({ maxCount: 3 }));
    const space = fc.constantFrom(' ', '\n', '\t', '  ', '\u00a0', '\u3000', '\r\n');
    const parts = fc.array(
      fc.tuple(word, space).map(([text, gap]) => text + gap),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(parts, async (texts) => {
        const [whole, ...each] = await counter.count([texts.join(''), ...texts]);
        expect(each.reduce((sum, tokens) => sum + tokens, 0)).toBe(whole);
      }),
      { numRuns: 500 },
    );
  });
});
