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
  const body = rest.slice(0, rest.length - bottom);
  return body.length > 0 ? body : lines.filter((line) => hasLetters(line) && !isOnAnyOf(neighbours, line));
}

/** A page of nothing but heads is rare; a line on it that no other page has may be all the text of a short page. */
function isOnAnyOf(neighbours: ReadonlyMap<number, readonly string[]>, line: string): boolean {
  return [...neighbours.values()].some((page) => page.includes(line));
}

type Edge = (page: readonly string[], at: number) => string | undefined;

function countRunning(
  lines: readonly string[],
  neighbours: ReadonlyMap<number, readonly string[]>,
  edge: Edge,
): number {
  let count = 0;
  while (count < EDGE_LINES) {
    const line = edge(lines, count);
    if (line === undefined || !isRunning(line, count, neighbours, edge)) break;
    count++;
  }
  return count;
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
    const other = edge(page, at) ?? '';
    // The first page of a chapter has its number at the foot, where the others have it at the head.
    const places = isBareNumber(line) ? [other, page[0] ?? '', page.at(-1) ?? ''] : [other];
    if (places.some((place) => place.length <= LONGEST_HEAD && countsOn(line, place, distance))) numbers++;
    if (hasLetters(line) && shape(line) === shape(other)) words++;
  }
  return numbers >= WITNESSES || words >= Math.max(WITNESSES, neighbours.size / 2);
}

function isBareNumber(line: string): boolean {
  return !/\s/.test(line.trim()) && pageNumber(line.trim()) !== null;
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
