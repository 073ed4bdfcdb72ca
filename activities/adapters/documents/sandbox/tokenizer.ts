import { readFile } from 'node:fs/promises';
import { Tokenizer } from 'tokenizers';
import { z } from 'zod';
import { ScriptoriumError } from '../../../errors.ts';
import type { TokenCounter } from '../../../text/tokens.ts';

const tokenizerFile = z.looseObject({ truncation: z.unknown(), padding: z.unknown() });
/** Texts handed to the native tokenizer at once. */
const TEXTS_PER_BATCH = 512;

/**
 * Counts tokens with a `tokenizer.json`. Its own truncation and padding are put off: they would make every long text
 * as short as the model's limit, and every short one as long.
 * @throws ScriptoriumError ASSET_UNAVAILABLE
 */
export async function openTokenCounter(path: string): Promise<TokenCounter> {
  const tokenizer = await loadTokenizer(path);
  const bare = { addSpecialTokens: false };
  return {
    specialTokens: (await tokenizer.encode('')).getLength(),
    async count(texts) {
      const counts: number[] = [];
      for (let at = 0; at < texts.length; at += TEXTS_PER_BATCH) {
        const encodings = await tokenizer.encodeBatch(texts.slice(at, at + TEXTS_PER_BATCH), bare);
        for (const encoding of encodings) counts.push(encoding.getLength());
      }
      return counts;
    },
  };
}

async function loadTokenizer(path: string): Promise<Tokenizer> {
  try {
    const file = tokenizerFile.parse(JSON.parse(await readFile(path, 'utf8')));
    return Tokenizer.fromString(JSON.stringify({ ...file, truncation: null, padding: null }));
  } catch (error) {
    throw new ScriptoriumError('ASSET_UNAVAILABLE', `The tokenizer "${path}" cannot be loaded.`, {
      cause: error,
    });
  }
}
