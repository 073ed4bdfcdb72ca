import { readFile } from 'node:fs/promises';
import { Tokenizer } from 'tokenizers';
import { z } from 'zod';
import { ScriptoriumError } from '../../errors.ts';

/** Gives the token ids of each text. Rejects with ScriptoriumError EMBEDDING_FAILED. */
export type Tokenize = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;

/**
 * Gives the token ids of each text, special tokens included, cut at `maxTokens`. Its work is done outside of the JavaScript
 * thread, on all cores. One takes 10 MB.
 * @throws ScriptoriumError ASSET_UNAVAILABLE
 */
export async function openTokenizer(path: string, maxTokens: number): Promise<Tokenize> {
  const tokenizer = await loadTokenizer(path, maxTokens).catch((cause: unknown) => {
    throw new ScriptoriumError(
      'ASSET_UNAVAILABLE',
      `The tokenizer ${path} can't be loaded: ${String(cause)}`,
      {
        cause,
      },
    );
  });
  return async (texts) => {
    try {
      return (await tokenizer.encodeBatch([...texts])).map((encoding) => encoding.getIds());
    } catch (cause) {
      throw new ScriptoriumError('EMBEDDING_FAILED', `The tokenizer failed: ${String(cause)}`, { cause });
    }
  };
}

/** The file's own truncation and padding are for another use; texts are cut at the model's length, and never padded. */
async function loadTokenizer(path: string, maxTokens: number): Promise<Tokenizer> {
  const settings = z.looseObject({}).parse(JSON.parse(await readFile(path, 'utf8')));
  const tokenizer = Tokenizer.fromString(JSON.stringify({ ...settings, truncation: null, padding: null }));
  tokenizer.setTruncation(maxTokens);
  return tokenizer;
}
