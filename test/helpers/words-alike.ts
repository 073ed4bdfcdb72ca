/** What PDFium gives for a hyphen at a line's end. */
const PDFIUM_HYPHEN = String.fromCharCode(2);

/**
 * Of two texts, the share of words that both have (Dice's coefficient of the bags of words; 0 to 1, 1 for two empty ones).
 * Order does not count: engines put the columns of a page one after the other in different ways. Words that a line's end
 * divides are joined.
 */
export function wordsAlike(one: string, other: string): number {
  const [ours, theirs] = [wordsOf(one), wordsOf(other)];
  const all = ours.length + theirs.length;
  return all === 0 ? 1 : (2 * inBoth(ours, theirs)) / all;
}

/** The share of a text's words that another has, too (0 to 1, 1 for a text without words); each counts as often as it stands. */
export function shareOfWords(text: string, whole: string): number {
  const words = wordsOf(text);
  return words.length === 0 ? 1 : inBoth(words, wordsOf(whole)) / words.length;
}

function inBoth(ours: readonly string[], theirs: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const word of theirs) counts.set(word, (counts.get(word) ?? 0) + 1);
  let both = 0;
  for (const word of ours) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    both += 1;
    counts.set(word, left - 1);
  }
  return both;
}

export function wordsOf(text: string): string[] {
  const joined = text
    .normalize('NFKC')
    .replaceAll(PDFIUM_HYPHEN, '-')
    .replace(/(\p{L})[-\u00ad\u2010\ufffe]\r?\n\s*(?=\p{Ll})/gu, '$1');
  return joined.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
