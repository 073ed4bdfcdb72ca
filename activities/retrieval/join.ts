/** Neighbouring chunks as one readable passage. Pure. */

/** What a chunk repeats of the one before it is not longer than this, in UTF-16 units. */
const LONGEST_OVERLAP = 2_000;
/** A shorter match is chance. */
const SHORTEST_OVERLAP = 8;

export interface Piece {
  readonly text: string;
  readonly page: { readonly start: number; readonly end: number } | null;
}

/** Pieces in the order of the book, with what each repeats of the one before left out, and the pages of all. */
export function joinPieces(pieces: readonly Piece[]): Piece {
  const text = pieces.map((piece) => piece.text).reduce((all, next) => joined(all, next));
  const pages = pieces.flatMap(({ page }) => page ?? []);
  if (pages.length === 0) return { text, page: null };
  const start = Math.min(...pages.map((page) => page.start));
  return { text, page: { start, end: Math.max(...pages.map((page) => page.end)) } };
}

function joined(before: string, after: string): string {
  const repeated = overlapOf(before, after);
  if (repeated > 0) return before + after.slice(repeated);
  return `${before.trimEnd()}\n${after.trimStart()}`;
}

/** Length of the longest end of `before` that `after` begins with: the prefix function of Knuth, Morris and Pratt 1977. */
export function overlapOf(before: string, after: string): number {
  const pattern = after.slice(0, LONGEST_OVERLAP);
  const subject = before.slice(-pattern.length);
  const fallback = prefixFunction(pattern);
  let matched = 0;
  for (let at = 0; at < subject.length; at++) {
    if (matched === pattern.length) matched = fallback[matched - 1] ?? 0;
    while (matched > 0 && pattern[matched] !== subject[at]) matched = fallback[matched - 1] ?? 0;
    if (pattern[matched] === subject[at]) matched += 1;
  }
  return matched >= SHORTEST_OVERLAP ? matched : 0;
}

function prefixFunction(pattern: string): Uint16Array {
  const lengths = new Uint16Array(pattern.length);
  for (let at = 1; at < pattern.length; at++) {
    let length = lengths[at - 1] ?? 0;
    while (length > 0 && pattern[at] !== pattern[length]) length = lengths[length - 1] ?? 0;
    lengths[at] = pattern[at] === pattern[length] ? length + 1 : length;
  }
  return lengths;
}
