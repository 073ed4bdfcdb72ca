import { splitSentences } from './sentences.ts';

/** A stretch of a book under one heading trail. */
export interface Section {
  readonly trail: readonly string[];
  readonly text: string;
}

/** Longest unit of a format without pages, in characters: about ten pages, so that a range of units stays small. */
export const UNIT_CHARACTERS = 20_000;

/** Sections as units: blank ones go, long ones are cut between paragraphs, else sentences, else anywhere. */
export function sectionUnits(sections: Iterable<Section>): readonly Section[] {
  const units: Section[] = [];
  for (const { trail, text } of sections) {
    if (text.trim() === '') continue;
    for (const part of cutText(text)) units.push({ trail, text: part });
  }
  return units;
}

function cutText(text: string): readonly string[] {
  if (text.length <= UNIT_CHARACTERS) return [text];
  const parts: string[] = [];
  let from = 0;
  while (from < text.length) {
    const to = from + lengthOfPart(text.slice(from, from + UNIT_CHARACTERS + 1));
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts.filter((part) => part.trim() !== '');
}

/** Where to cut a stretch that may be too long: after its last paragraph that fits, or sentence, or word. */
function lengthOfPart(stretch: string): number {
  if (stretch.length <= UNIT_CHARACTERS) return stretch.length;
  const half = UNIT_CHARACTERS / 2;
  const paragraph = stretch.lastIndexOf('\n\n', UNIT_CHARACTERS - 2) + 2;
  if (paragraph > half) return paragraph;
  const tail = splitSentences(stretch.slice(half)).at(-1) ?? '';
  if (tail.length < stretch.length - half) return stretch.length - tail.length;
  const word = stretch.lastIndexOf(' ', UNIT_CHARACTERS - 1) + 1;
  if (word > half) return word;
  return isHighSurrogate(stretch.charCodeAt(UNIT_CHARACTERS - 1)) ? UNIT_CHARACTERS - 1 : UNIT_CHARACTERS;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Follows headings through a document and says under which trail its text stands. */
export class HeadingTrail {
  #open: { readonly level: number; readonly title: string }[] = [];

  /** A heading of this level closes all of its own level and deeper. */
  enter(level: number, title: string): void {
    this.#open = this.#open.filter((heading) => heading.level < level);
    if (title !== '') this.#open.push({ level, title });
  }

  clear(): void {
    this.#open = [];
  }

  get titles(): readonly string[] {
    return this.#open.map((heading) => heading.title);
  }
}
