import { cleanText } from './clean.ts';
import { reflow } from './reflow.ts';
import { withoutRunningHeads } from './running-heads.ts';

/** The dots that lead the eye through a table of contents; as tokens they would crowd out its words. */
const DOT_LEADER = /(?:[ \t]?\.){5,}[ \t]*/g;

/** The lines of a page as the engine gave them, cleaned, without blank lines at either end. */
export function pageLines(raw: string): readonly string[] {
  return cleanText(raw)
    .replace(DOT_LEADER, ' … ')
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n');
}

/**
 * The readable text of a page: paragraphs without running heads, feet and page numbers.
 * @param neighbours lines of the pages around it, by distance; without any, nothing is taken for a running head
 */
export function pageText(
  lines: readonly string[],
  neighbours: ReadonlyMap<number, readonly string[]>,
): string {
  return reflow(withoutRunningHeads(lines, neighbours).join('\n')).trim();
}
