/** Answers and passages, for people. */
import { pathToFileURL } from 'node:url';
import type {
  Answer,
  Citation,
  PageRange,
  SearchHit,
  SearchResult,
} from '../../workflows/result-contract.ts';
import { notesOn } from './answer-notes.ts';
import { firstMatch, highlighted, wordsToFind } from './highlight.ts';
import { printable } from './output.ts';
import { placeText } from './place.ts';
import { bold, dim, linked, plain, type Terminal } from './terminal.ts';

export interface AnswerLook {
  /** The text of the answer was printed as it came. */
  readonly isShown?: boolean;
  readonly terminal?: Terminal;
}

export function answerLines(
  answer: Answer,
  { isShown = false, terminal = plain }: AnswerLook = {},
): string[] {
  const text = isShown ? [] : answer.answer.split('\n').map(printable);
  const citations = answer.citations.flatMap((citation) => citationLines(citation, terminal));
  return [...text, ...notesOn(answer), '', ...citations];
}

function citationLines(citation: Citation, terminal: Terminal): string[] {
  const url = pageUrl(citation.path, citation.page);
  return [
    `[${citation.n}] ${linked(placeText(citation), url, terminal)}`,
    `    ${dim(linked(url, url, terminal), terminal)}`,
  ];
}

export function hitLines({ hits }: SearchResult, query: string, terminal: Terminal = plain): string[] {
  if (hits.length === 0) return ['Nothing was found.'];
  const words = wordsToFind(query);
  return hits.flatMap((hit, index) => [
    `${index + 1}. ${hitHead(hit, terminal)}`,
    ...hitBody(hit, words, terminal),
  ]);
}

function hitHead(hit: SearchHit, terminal: Terminal): string {
  const place = linked(placeText(hit), pageUrl(hit.path, hit.page), terminal);
  return `${bold(place, terminal)}  (${hit.score.toFixed(3)})`;
}

function hitBody({ text, path }: SearchHit, words: readonly string[], terminal: Terminal): string[] {
  const found = snippet(text, words);
  const shown = terminal.colours ? highlighted(found, words, (word) => bold(word, terminal)) : found;
  return [`   ${shown}`, `   ${dim(printable(path), terminal)}`];
}

/** Browsers and viewers of PDF open it at the page. */
function pageUrl(path: string, page: PageRange | null): string {
  return `${pathToFileURL(path)}${page ? `#page=${page.start}` : ''}`;
}

const SNIPPET_LENGTH = 240;
/** Of the text before the first word that was found. */
const LEAD_LENGTH = 60;

/** A part of the text with the first of the words, in one line. */
function snippet(text: string, words: readonly string[]): string {
  const line = printable(text).replace(/\s+/g, ' ');
  const match = firstMatch(line, words);
  // The whole is shown, or what it begins with, as long as that has a word.
  const from = match > SNIPPET_LENGTH * 0.75 ? line.lastIndexOf(' ', match - LEAD_LENGTH) + 1 : 0;
  const rest = line.slice(from);
  const cut =
    rest.length <= SNIPPET_LENGTH ? rest : `${rest.slice(0, SNIPPET_LENGTH).replace(/\s+\S*$/, '')} …`;
  return from > 0 ? `… ${cut}` : cut;
}
