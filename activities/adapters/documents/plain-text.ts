import { readFile } from 'node:fs/promises';
import type { OpenDocument } from '../../ports/documents.ts';
import { cleanText, oneLine } from '../../text/clean.ts';
import { headingLevel, UnderlinedHeadings } from '../../text/plain-headings.ts';
import { reflow } from '../../text/reflow.ts';
import { HeadingTrail, type Section } from '../../text/sections.ts';
import { decodeText } from './decode-text.ts';
import { SectionedDocument } from './sectioned-document.ts';

/** Project Gutenberg and its like name title and author in lines of their own before the book. */
const HEADER_LINES = 60;
/** A title page has its "by" within so many lines of the title. */
const TITLE_PAGE_LINES = 8;
const LONGEST_TITLE = 150;
/** A rule drawn with characters: each of them would be a token. */
const RULE = /^\s*([-=*_~#.+^"])\1{3,}\s*$/;

/**
 * Opens a text file in any charset.
 * @throws ScriptoriumError UNSUPPORTED_FORMAT when it is no text
 */
export async function openPlainText(path: string): Promise<OpenDocument> {
  const lines = cleanText(decodeText(await readFile(path), path)).split('\n');
  return new SectionedDocument({
    format: 'text',
    engine: 'plain-text',
    ...titleAndAuthor(lines.slice(0, HEADER_LINES)),
    language: null,
    year: null,
    sections: [...sectionsOf(lines)],
  });
}

function titleAndAuthor(header: readonly string[]): { title: string | null; author: string | null } {
  const title = headerValue(header, 'Title');
  if (title !== null) return { title, author: headerValue(header, 'Author') };
  const printed = header.filter((line) => line.trim() !== '').slice(0, TITLE_PAGE_LINES);
  const at = printed.findIndex((line) => /^\s*by\s+\p{Lu}/iu.test(line));
  if (at < 1) return { title: null, author: null };
  const author = oneLine(printed[at] ?? '').replace(/^by\s+/i, '');
  const printedTitle = oneLine(printed.slice(0, at).join(' '));
  return printedTitle.length > LONGEST_TITLE
    ? { title: null, author: null }
    : { title: printedTitle, author };
}

function headerValue(header: readonly string[], name: string): string | null {
  const line = header.find((candidate) => candidate.startsWith(`${name}:`));
  return line === undefined ? null : oneLine(line.slice(name.length + 1)) || null;
}

/** Cuts at headings: lines that are underlined, or look like one and stand alone between blank lines. */
function* sectionsOf(lines: readonly string[]): Generator<Section> {
  const trail = new HeadingTrail();
  const underlined = new UnderlinedHeadings();
  let from = 0;
  for (const [at, line] of lines.entries()) {
    const next = lines[at + 1] ?? '';
    const isAlone = (lines[at - 1] ?? '') === '' && next === '';
    const level = underlined.level(line, next) ?? (isAlone ? headingLevel(line) : null);
    if (level === null) continue;
    yield { trail: trail.titles, text: readable(lines.slice(from, at)) };
    trail.enter(level, oneLine(line));
    from = at;
  }
  yield { trail: trail.titles, text: readable(lines.slice(from)) };
}

function readable(lines: readonly string[]): string {
  return reflow(lines.filter((line) => !RULE.test(line)).join('\n'));
}
