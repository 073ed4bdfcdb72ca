import { readFile } from 'node:fs/promises';
import { Tokenizer } from 'tokenizers';
import { z } from 'zod';
import { ScriptoriumError } from '../../../errors.ts';
import type { TokenCounter } from '../../../text/tokens.ts';
import { countedByWords } from '../../../text/word-counts.ts';

const kind = z.looseObject({ type: z.string() }).nullish();
const tokenizerFile = z.looseObject({
  truncation: z.unknown(),
  padding: z.unknown(),
  normalizer: kind,
  pre_tokenizer: kind,
  added_tokens: z.array(z.looseObject({ content: z.string() })).nullish(),
});
type TokenizerFile = z.infer<typeof tokenizerFile>;
/** Texts handed to the native tokenizer at once. */
const TEXTS_PER_BATCH = 512;

/**
 * Counts tokens with a `tokenizer.json`. Its own truncation and padding are put off: they would make every long text
 * as short as the model's limit, and every short one as long.
 * @throws ScriptoriumError ASSET_UNAVAILABLE when it is no tokenizer; DISK_UNREACHABLE when it can't be read, which is no fault of a book
 */
export async function openTokenCounter(path: string): Promise<TokenCounter> {
  const { tokenizer, additive } = await loadTokenizer(path);
  const bare = { addSpecialTokens: false };
  const counter: TokenCounter = {
    additive,
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
  return additive ? countedByWords(counter) : counter;
}

async function loadTokenizer(path: string): Promise<{ tokenizer: Tokenizer; additive: boolean }> {
  const json = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The tokenizer can't be read: ${why}; where it was deleted, start the workers anew, which fetch it again`;
    throw new ScriptoriumError('DISK_UNREACHABLE', message, { cause });
  });
  try {
    const file = tokenizerFile.parse(JSON.parse(json));
    const tokenizer = Tokenizer.fromString(JSON.stringify({ ...file, truncation: null, padding: null }));
    return { tokenizer, additive: isAdditive(file) };
  } catch (error) {
    throw new ScriptoriumError('ASSET_UNAVAILABLE', `The tokenizer "${path}" cannot be loaded.`, {
      cause: error,
    });
  }
}

/** BERT's splits at white space first, drops it, and looks at each word by itself; a token that was added may hold some. */
function isAdditive({ normalizer, pre_tokenizer, added_tokens }: TokenizerFile): boolean {
  if (added_tokens?.some(({ content }) => /\s/.test(content))) return false;
  return normalizer?.type === 'BertNormalizer' && pre_tokenizer?.type === 'BertPreTokenizer';
}
