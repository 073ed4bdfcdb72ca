import { oneLine } from '../../../text/clean.ts';
import { HeadingTrail } from '../../../text/sections.ts';

/** One entry of a PDF's outline (its bookmarks). */
export interface OutlineEntry {
  /** 0 for the outermost. */
  readonly depth: number;
  readonly title: string;
  /** Page it leads to, from 0. */
  readonly page: number;
  /** Height of the place in the page, in points from its lower edge; null for the whole page. */
  readonly top: number | null;
}

/** A section that begins somewhere in the book. */
interface Start {
  readonly page: number;
  readonly top: number | null;
  readonly trail: readonly string[];
}

/** Sections that begin above this part of the page's height are what the page is about. */
const UPPER_PART = 0.7;
const LONGEST_TITLE = 200;

/** Says which heading trail a page belongs to. */
export class Outline {
  readonly #starts: readonly Start[];

  /** @param entries in the order of the outline */
  constructor(entries: Iterable<OutlineEntry>) {
    const trail = new HeadingTrail();
    const starts: Start[] = [];
    for (const { depth, title, page, top } of entries) {
      trail.enter(depth, oneLine(title).slice(0, LONGEST_TITLE));
      starts.push({ page, top, trail: trail.titles });
    }
    this.#starts = starts.sort((a, b) => a.page - b.page);
  }

  /**
   * The trail at the top of a page: the last section that began on an earlier page, or in the upper part of this one.
   * A page on which the first section of all begins belongs to it.
   * @param height of the page, in points
   */
  trailOf(page: number, height: number): readonly string[] {
    const earlier = this.#countBefore(page);
    let trail = this.#starts[earlier - 1]?.trail ?? null;
    for (let at = earlier; this.#starts[at]?.page === page; at++) {
      const start = this.#starts[at];
      if (start === undefined || !isUpper(start.top, height)) break;
      trail = start.trail;
    }
    const first = this.#starts[0];
    return trail ?? (first?.page === page ? first.trail : []);
  }

  /** Number of starts before the page, by halving: a reference manual has thousands. */
  #countBefore(page: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle]?.page ?? 0) < page) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isUpper(top: number | null, height: number): boolean {
  return top === null || top >= height * UPPER_PART;
}
