/**
 * Finds a quote in the text of a page. The two may differ in white space, in hyphens at the ends of lines, in case, in
 * ligatures and in the shape of quotation marks, and the quote may have begun on the page before, or end on the next.
 */
import type { Stretch } from './marked.ts';

/** Shorter ends of a quote are found anywhere. */
const MIN_PART = 12;

/** The letters of a text that are compared, and where each stands in it. */
interface Folded {
  readonly letters: string;
  /** For each of `letters`: where its character begins, and ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Null when the page has nothing of the quote. */
export function findQuote(page: string, quote: string): Stretch | null {
  const text = folded(page);
  const wanted = folded(quote).letters;
  if (wanted === '') return null;
  const whole = text.letters.indexOf(wanted);
  if (whole !== -1) return stretch(text, whole, wanted.length);
  const begun = overlap(text.letters, wanted);
  const ending = overlap(wanted, text.letters);
  if (Math.max(begun, ending) < MIN_PART) return null;
  return begun >= ending ? stretch(text, text.letters.length - begun, begun) : stretch(text, 0, ending);
}

/** Length of the longest end of one text that the other begins with. */
function overlap(ends: string, begins: string): number {
  for (let length = Math.min(ends.length, begins.length); length > 0; length--)
    if (ends.endsWith(begins.slice(0, length))) return length;
  return 0;
}

function stretch({ starts, ends }: Folded, from: number, length: number): Stretch | null {
  const start = starts[from];
  const end = ends[from + length - 1];
  return start === undefined || end === undefined ? null : { start, end };
}

/** Neither space nor hyphen, nor a mark that only changes the letter before it. */
const compared = /[^\s\p{Pd}\p{Mn}\p{Cf}]/u;
const quotes = /[‘’‚‛“”„‟‹›«»`´]/u;

function folded(text: string): Folded {
  const letters: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const character of text) {
    const end = at + character.length;
    const shapes = quotes.test(character) ? ['"'] : [...character.normalize('NFKD').toLowerCase()];
    for (const shape of shapes.filter((each) => compared.test(each)).join('')) {
      letters.push(shape === "'" ? '"' : shape);
      for (let unit = 0; unit < shape.length; unit++) {
        starts.push(at);
        ends.push(end);
      }
    }
    at = end;
  }
  return { letters: letters.join(''), starts, ends };
}
