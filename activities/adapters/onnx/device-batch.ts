/** Which of the waiting texts a device takes next, and how they are laid out. */
import type { PaddedBatch } from './device-session.ts';

/** Rows end at a multiple of this: few different shapes, and a multiple of what tensor cores work on. */
const TOKENS_PER_BUCKET = 8;

/**
 * Tokens whose time one more run costs whatever is in it (launches, copies). It weighs a full batch with some padding
 * against a small one without.
 */
const TOKENS_PER_LAUNCH = 2_048;

export interface NextBatch<T> {
  readonly taken: readonly T[];
  /** Tokens of a row, padding included. */
  readonly tokens: number;
}

export function bucketOf(tokens: number): number {
  return Math.max(1, Math.ceil(tokens / TOKENS_PER_BUCKET)) * TOKENS_PER_BUCKET;
}

/**
 * The batch of at most `budget` tokens, padding included, that wastes the least of the device's time; a single text is
 * taken whatever its length. The oldest text is always among them, so that none waits for ever for others of its length.
 * @param waiting oldest first
 */
export function nextBatch<T extends { readonly tokens: number }>(
  waiting: readonly T[],
  budget: number,
): NextBatch<T> | null {
  const [oldest, ...others] = waiting;
  if (!oldest) return null;
  const longestFirst = others.sort((a, b) => b.tokens - a.tokens);
  const least = bucketOf(oldest.tokens);
  const buckets = new Set([least, ...others.map(({ tokens }) => bucketOf(tokens))]);
  let best: NextBatch<T> = { taken: [oldest], tokens: least };
  for (const tokens of buckets) {
    if (tokens < least) continue;
    const first = longestFirst.findIndex((text) => text.tokens <= tokens);
    const room = Math.floor(budget / tokens) - 1;
    const fitting = first < 0 || room < 1 ? [] : longestFirst.slice(first, first + room);
    const candidate = { taken: [oldest, ...fitting], tokens };
    if (usefulShare(candidate) > usefulShare(best)) best = candidate;
  }
  return best;
}

function usefulShare({ taken, tokens }: NextBatch<{ readonly tokens: number }>): number {
  const useful = taken.reduce((sum, text) => sum + text.tokens, 0);
  return useful / (taken.length * tokens + TOKENS_PER_LAUNCH);
}

/** @param tokens of a row, at least as many as the longest text has */
export function paddedBatch(texts: readonly (readonly number[])[], tokens: number, padId = 0): PaddedBatch {
  const ids = new Int32Array(texts.length * tokens).fill(padId);
  for (const [row, text] of texts.entries()) ids.set(text, row * tokens);
  return { rows: texts.length, tokens, ids, lengths: Int32Array.from(texts, (text) => text.length) };
}
