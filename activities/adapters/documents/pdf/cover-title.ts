import { oneLine } from '../../../text/clean.ts';
import type { SizedLine } from './pdfium-document.ts';

/** Lines whose letters are nearly as tall as the tallest belong to the title. */
const NEARLY = 0.93;
/** The title of a page of running text stands out from it by so much. */
const STANDS_OUT = 1.3;
/** A page with fewer lines is a cover, where the tallest line is the title anyway. */
const COVER_LINES = 12;
const LONGEST_TITLE = 150;
const NO_TITLE =
  /^(?:(?:table of )?contents|preface|foreword|introduction|abstract|chapter\b.*|page\b.*|.{0,2}|[^\p{L}]*)$/iu;

/** The title as a cover or title page shows it: its tallest lines, where they stand together. Null when none stands out. */
export function coverTitle(lines: readonly SizedLine[]): string | null {
  const tallest = Math.max(0, ...lines.map((line) => line.height));
  if (lines.length >= COVER_LINES && tallest < STANDS_OUT * usualHeight(lines)) return null;
  const isTitle = (line: SizedLine) => line.height >= NEARLY * tallest;
  const start = lines.findIndex(isTitle);
  const after = lines.slice(start).findIndex((line) => !isTitle(line));
  const title = oneLine(
    lines
      .slice(start, after < 0 ? undefined : start + after)
      .map((line) => line.text)
      .join(' '),
  );
  return title.length > LONGEST_TITLE || NO_TITLE.test(title) ? null : title;
}

/** Height of the middle line, by size. */
function usualHeight(lines: readonly SizedLine[]): number {
  const heights = lines.map((line) => line.height).sort((a, b) => a - b);
  return heights[heights.length >> 1] ?? 0;
}
