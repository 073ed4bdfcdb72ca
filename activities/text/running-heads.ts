/**
 * Running heads and feet: lines at the edges of a page that repeat on its neighbours, and page numbers that count on
 * with them. A line goes only on the evidence of other pages: one page alone keeps all it has.
 */

/** Pages looked at on each side of a page. Left and right pages often differ, so it takes two of each. */
export const NEIGHBOURS = 4;
/** Lines at the top and at the bottom of a page that may be a head or a foot. */
const EDGE_LINES = 2;
/** Neighbours whose page number must fit; for words alone it takes half of the neighbours. */
const WITNESSES = 2;
const LONGEST_HEAD = 120;

/**
 * The lines of a page without its running heads and feet.
 * @param lines the page's lines, none of them blank at the edges
 * @param neighbours the lines of the pages around it, by their distance (−4 … 4, not 0)
 */
export function withoutRunningHeads(
  lines: readonly string[],
  neighbours: ReadonlyMap<number, readonly string[]>,
): readonly string[] {
  const top = countRunning(lines, neighbours, (page, at) => page[at]);
  const rest = lines.slice(top);
  const bottom = countRunning(rest, neighbours, (page, at) => page[page.length - 1 - at]);
  return rest.slice(0, rest.length - bottom);
}

type Edge = (page: readonly string[], at: number) => string | undefined;

function countRunning(
  lines: readonly string[],
  neighbours: ReadonlyMap<number, readonly string[]>,
  edge: Edge,
): number {
  for (let at = EDGE_LINES - 1; at >= 0; at--) {
    const line = edge(lines, at);
    if (line !== undefined && isRunning(line, at, neighbours, edge)) return at + 1;
  }
  return 0;
}

function isRunning(
  line: string,
  at: number,
  neighbours: ReadonlyMap<number, readonly string[]>,
  edge: Edge,
): boolean {
  if (line.length > LONGEST_HEAD) return false;
  let numbers = 0;
  let words = 0;
  for (const [distance, page] of neighbours) {
    const other = edge(page, at);
    if (other === undefined || other.length > LONGEST_HEAD) continue;
    if (countsOn(line, other, distance)) numbers++;
    if (hasLetters(line) && shape(line) === shape(other)) words++;
  }
  return numbers >= WITNESSES || words >= Math.max(WITNESSES, neighbours.size / 2);
}

function countsOn(line: string, other: string, distance: number): boolean {
  const numbers = edgeNumbers(other);
  return edgeNumbers(line).some((number) => numbers.includes(number + distance));
}

function hasLetters(line: string): boolean {
  return (line.match(/\p{L}/gu)?.length ?? 0) >= 3;
}

/** The line with every number as `#`, so that `Page 3 of 90` and `Page 4 of 90` are one. */
function shape(line: string): string {
  return line.replace(/\d+/g, '#').replace(/\s+/g, ' ').trim();
}

/** Page numbers at the start or the end of a line, Arabic or Roman. */
function edgeNumbers(line: string): readonly number[] {
  const words = line.trim().split(/\s+/);
  const ends = [words[0], words.at(-1)].map((word) => pageNumber(word ?? ''));
  return ends.filter((number) => number !== null);
}

function pageNumber(word: string): number | null {
  const bare = word.replace(/^[[(–—-]+|[\])–—.,:-]+$/gu, '');
  if (/^\d{1,5}$/.test(bare)) return Number(bare);
  return /^(?=[ivxlc])c{0,3}(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})$/i.test(bare) ? roman(bare.toLowerCase()) : null;
}

const ROMAN: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100 };

function roman(word: string): number {
  const values = Array.from(word, (letter) => ROMAN[letter] ?? 0);
  return values.reduce((sum, value, at) => sum + (value < (values[at + 1] ?? 0) ? -value : value), 0);
}
