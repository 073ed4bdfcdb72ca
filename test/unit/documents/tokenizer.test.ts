/** The model's own tokenizer: sentences that meet at white space count for as much together as each by itself. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Tokenizer } from 'tokenizers';
import { z } from 'zod';
import { openTokenCounter } from '../../../activities/adapters/documents/sandbox/tokenizer.ts';
import type { TokenCounter } from '../../../activities/text/tokens.ts';
import { homeOf } from '../../../client/home.ts';
import { findAsset } from '../../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../../workers/assets/manifest.ts';
import { tempFolder } from '../../helpers/temp-folder.ts';

let counter: TokenCounter;
let bare: Tokenizer;
let tokenizerPath: string;

beforeAll(async () => {
  tokenizerPath = await findAsset(tokenizerAsset, { cacheFolder: homeOf().cache, env: process.env });
  counter = await openTokenCounter(tokenizerPath);
  bare = Tokenizer.fromFile(tokenizerPath);
  bare.disableTruncation();
  bare.disablePadding();
}, 300_000);

/** As the library counts them, with nothing of ours. */
async function bareCounts(texts: readonly string[]): Promise<number[]> {
  const encodings = await bare.encodeBatch([...texts], { addSpecialTokens: false });
  return encodings.map((encoding) => encoding.getLength());
}

describe('the tokenizer of the model', () => {
  test('counts every text as the library does, whatever it counted before', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.lorem({ maxCount: 12 }),
      fc
        .array(
          fc.constantFrom(
            'Ångström',
            '[MASK]',
            '日本語',
            'e\u0301',
            '\ufeff',
            '\u200b',
            '\u0301',
            '#',
            ' ',
            '\n',
            '\r',
            '\t',
            '\u000b',
            '\u00a0',
            'ΑΣ',
            'x'.repeat(101),
          ),
        )
        .map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (texts) => {
        expect(await counter.count(texts)).toEqual(await bareCounts(texts));
      }),
      { numRuns: 1_000 },
    );
  });

  test('with a token that holds a space counts whole texts', async () => {
    await using folder = await tempFolder();
    const path = join(folder.path, 'tokenizer.json');
    const file = z.looseObject({ added_tokens: z.array(z.unknown()) });
    const settings = file.parse(JSON.parse(await readFile(tokenizerPath, 'utf8')));
    const added = { id: 30_522, content: 'New York', special: false, normalized: false };
    const flags = { single_word: false, lstrip: false, rstrip: false };
    settings.added_tokens.push({ ...added, ...flags });
    await writeFile(path, JSON.stringify(settings));
    const own = await openTokenCounter(path);
    expect(own.additive).toBe(false);
    expect(await own.count(['in New York now'])).toEqual([3]);
  });

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
