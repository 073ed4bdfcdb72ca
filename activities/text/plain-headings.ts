import { endsSentence, isListItem, isShouted } from './lines.ts';

/** Headings in plain text, where only layout tells them: a short line by itself between blank lines. */

const LONGEST_HEADING = 80;
const PART = /^(?:part|book|volume)\s+(?:[ivxlc]+|\d+|one|two|three|four|five|six|seven|eight|nine|ten)\b/i;
const CHAPTER =
  /^(?:chapter|letter|canto|appendix|act|scene|stave|section)\s+(?:[ivxlc]+|\d+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b/i;
const NAMED =
  /^(?:preface|prologue|epilogue|introduction|foreword|contents|conclusion|afterword|glossary|index|bibliography)\.?$/i;
const NUMBERED = /^(\d{1,3}(?:\.\d{1,3}){0,4})\.?\s+(\S.*)$/;
const ROMAN = /^[IVXLC]+\.(?:\s+\p{Lu}.*)?$/u;

/** Depth of the heading, 1 outermost; null when the line is none. */
export function headingLevel(line: string): number | null {
  const text = line.trim();
  if (text === '' || text.length > LONGEST_HEADING) return null;
  if (PART.test(text)) return 1;
  if (CHAPTER.test(text) || NAMED.test(text)) return 2;
  return numberedLevel(text) ?? unnumberedLevel(text);
}

function numberedLevel(text: string): number | null {
  const [, number, title = ''] = NUMBERED.exec(text) ?? [];
  if (number === undefined || endsSentence(title) || !/^\p{Lu}/u.test(title)) return null;
  return 1 + number.split('.').length;
}

function unnumberedLevel(text: string): number | null {
  if (ROMAN.test(text)) return 2;
  return isShouted(text) && !isListItem(text) && !/[,;]$/.test(text) ? 3 : null;
}

/** Headings with a line of one character under them, as in reStructuredText: each character is a level of its own. */
export class UnderlinedHeadings {
  readonly #characters: string[] = [];

  /** Level of `line` when `next` underlines it, 2 or deeper in the order of first use; null when it does not. */
  level(line: string, next: string): number | null {
    const title = line.trim();
    const underline = next.trim();
    if (title.length < 2 || title.length > LONGEST_UNDERLINED || !/^([=\-~^*"#+])\1{2,}$/.test(underline))
      return null;
    if (underline.length < title.length * 0.6 || !/\p{L}/u.test(title)) return null;
    const character = underline.charAt(0);
    if (!this.#characters.includes(character)) this.#characters.push(character);
    return 2 + this.#characters.indexOf(character);
  }
}

const LONGEST_UNDERLINED = 120;
