import type { LocalModel } from './model-folder.ts';

/**
 * Names everything that changes a vector, but for prefixes.
 * @param model and tokenizer SHA-256 of the files, in hexadecimal digits
 */
export function embedderIdOfHashes(
  { name, pooling, maxTokens }: Pick<LocalModel, 'name' | 'pooling' | 'maxTokens'>,
  { model, tokenizer }: { readonly model: string; readonly tokenizer: string },
): string {
  return `${name}/${model.slice(0, 12)}/${tokenizer.slice(0, 12)}/${pooling}-l2/${maxTokens}`;
}
