/** A piece is ended at the next heading from this length on, in characters. The parser takes 350 bytes for each. */
const LONG_ENOUGH = 32_000;
/** And at the next blank line from this one on. */
const LONG = 100_000;
/** And at the next line of any kind from this one on: the parser's time grows with the square of a paragraph. */
const TOO_LONG = 200_000;

/**
 * Cuts Markdown where a parser would start afresh anyway: before headings, or between blocks, but never inside a
 * fenced block unless that is too long itself. Put together, the pieces are the text.
 */
export function* markdownPieces(text: string): Generator<string> {
  let [start, at] = [0, 0];
  let fence: string | null = null;
  let blank = true;
  while (at < text.length) {
    const end = text.indexOf('\n', at) + 1 || text.length;
    const line = text.slice(at, end);
    if (canCut(line, at - start, blank, fence !== null)) {
      yield text.slice(start, at);
      start = at;
    }
    fence = fenceAfter(line, fence);
    blank = line.trim() === '';
    at = end;
  }
  if (start < text.length) yield text.slice(start);
}

function canCut(line: string, length: number, afterBlank: boolean, fenced: boolean): boolean {
  if (length < LONG_ENOUGH) return false;
  if (length >= TOO_LONG) return true;
  if (fenced) return false;
  return /^#{1,6} /.test(line) || (length >= LONG && afterBlank && /^\S/.test(line));
}

/** The fence that is open after a line; null outside of fenced blocks. */
function fenceAfter(line: string, open: string | null): string | null {
  const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
  if (mark === undefined) return open;
  if (open === null) return mark;
  const closes = mark.startsWith(open) && line.trim() === mark;
  return closes ? null : open;
}
