import { endsSentence, isCodeLike, isHeadingLike, isListItem, startsLower } from './lines.ts';

/** A line that fills this part of the usual width was broken by the typesetter, not by the author. */
const FULL_LINE = 0.7;
/** Below this width a text is a list, a poem or a column of figures: its breaks stay. */
const NARROWEST_PROSE = 30;
/** Longest part of a word that is looked at before a hyphen, in characters. */
const LONGEST_CUT = 40;
/** Compounds of these keep the hyphen that stands at the end of a line. */
const COMPOUND_STARTS = new Set(
  'self non well high low half multi cross co ex all post pre anti semi two three four long short full first second'.split(
    ' ',
  ),
);

/**
 * Joins the lines of hard-wrapped prose to paragraphs: words that were cut at the end of a line become whole, lines
 * of a paragraph are joined by a space. Code, lists, headings and blank lines keep their line breaks. No text is
 * lost but hyphens at line ends.
 */
export function reflow(text: string): string {
  const lines = text.split('\n');
  const width = usualWidth(lines);
  const out: string[] = [];
  let open = new OpenParagraph(lines[0] ?? '');
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (isWrapped(lines[at - 1] ?? '', line, width)) {
      open.join(line.trimStart());
    } else {
      out.push(open.text);
      open = new OpenParagraph(line);
    }
  }
  out.push(open.text);
  return out.join('\n');
}

/** Length of the longer lines: the 80th percentile of those that are not blank, in characters. */
function usualWidth(lines: readonly string[]): number {
  const lengths = lines
    .map((line) => line.trim().length)
    .filter((length) => length > 0)
    .sort((a, b) => a - b);
  return lengths[Math.ceil((lengths.length - 1) * 0.8)] ?? 0;
}

/** A paragraph, to which lines are joined. In parts: a text that is one paragraph would be copied for each of its lines. */
class OpenParagraph {
  readonly #parts: string[];
  #tail: string;

  constructor(line: string) {
    this.#parts = [line];
    this.#tail = line.slice(-LONGEST_CUT);
  }

  get text(): string {
    return this.#parts.join('');
  }

  join(line: string): void {
    const cut = /(\p{L}[\p{L}\p{M}-]*)-$/u.exec(this.#tail)?.[1];
    if (cut === undefined || !startsLower(line)) this.#add(' ');
    else if (!keepsHyphen(cut)) this.#dropHyphen();
    this.#add(line);
  }

  #add(part: string): void {
    this.#parts.push(part);
    this.#tail = (this.#tail + part).slice(-LONGEST_CUT);
  }

  /** It is the last character of the last part: a line that ends in it is not empty. */
  #dropHyphen(): void {
    this.#parts.push((this.#parts.pop() ?? '').slice(0, -1));
    this.#tail = this.#tail.slice(0, -1);
  }
}

function keepsHyphen(cut: string): boolean {
  return cut.includes('-') || COMPOUND_STARTS.has(cut.toLowerCase());
}

function isWrapped(before: string, line: string, width: number): boolean {
  if (before === '' || line === '') return false;
  if (isListItem(line) || isCodeLike(line) || isCodeLike(before)) return false;
  if (/\p{Ll}-$/u.test(before) && startsLower(line)) return true;
  if (isHeadingLike(line) || isHeadingLike(before)) return false;
  if (width < NARROWEST_PROSE) return false;
  if (before.trim().length >= FULL_LINE * width) return !(endsSentence(before) && line.length < width / 2);
  return startsLower(line) && !endsSentence(before) && before.trim().length >= width / 2;
}
