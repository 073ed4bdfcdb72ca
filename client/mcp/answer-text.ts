/** Answers and passages as a model reads them: numbered, with their places, and every word of a book in quotation marks. */
import type { Answer, Citation, SearchHit, SearchResult } from '../../workflows/result-contract.ts';
import { notesOn } from '../cli/answer-notes.ts';
import { printable } from '../cli/output.ts';
import { placeText } from '../cli/place.ts';
import { quoted } from './quotations.ts';
import { pageUri } from './uris.ts';

export function answerText(answer: Answer): string {
  const { citations, mode } = answer;
  // Without a model an answer is words of the books from end to end.
  const text = mode === 'model' ? printableLines(answer.answer) : quoted(answer.answer);
  const notes = notesOn(answer);
  return [
    text,
    ...(notes.length > 0 ? [notes.join('\n')] : []),
    ...(citations.length > 0 ? ['Sources, each with the words that the answer rests on:'] : []),
    ...citations.map(citationText),
  ].join('\n\n');
}

function citationText(citation: Citation): string {
  const { n, bookId, page, quote } = citation;
  const link = bookId === undefined ? [] : [pageUri(bookId, page?.start ?? null)];
  return [`[${n}] ${placeText(citation)}`, quoted(quote), ...link].join('\n');
}

export function hitsText({ hits }: SearchResult): string {
  return hits.length === 0 ? 'Nothing was found.' : hits.map(hitText).join('\n\n');
}

function hitText(hit: SearchHit, index: number): string {
  const { score, text, bookId, page } = hit;
  return [
    `${index + 1}. ${placeText(hit)} (score ${score.toFixed(3)})`,
    quoted(text),
    pageUri(bookId, page?.start ?? null),
  ].join('\n');
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
