/** Counts tokens as the embedding model does. */
export interface TokenCounter {
  /** Tokens that the model adds to every text, such as [CLS] and [SEP]. */
  readonly specialTokens: number;
  /** Texts that meet at white space have as many tokens together as each by itself: so the tokenizer sees each text once. */
  readonly additive: boolean;
  /** Tokens of each text, special tokens not included. */
  count(texts: readonly string[]): Promise<readonly number[]>;
}

/**
 * A text of so many characters weighs at least one token: some tokenizers count a word of any length as one unknown
 * token, and a chunk of a megabyte of base64 helps nobody.
 */
const CHARACTERS_PER_TOKEN = 16;

/** What a text takes of a chunk's budget. */
export function weigh(text: string, tokens: number): number {
  return Math.max(tokens, Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}
