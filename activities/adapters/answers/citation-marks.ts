/** Citation marks in a written answer: [1], [2, 3]. */
import { sentencesOf } from './answer-sentences.ts';

const MARK = /\[\s*(\d{1,3}(?:\s*,\s*\d{1,3})*)\s*\]/g;
/** Marks side by side, and the space before them, which goes when none of them stays. */
const MARKS_IN_A_ROW = new RegExp(`( *)((?:${MARK.source})+)`, 'g');

/** Marks in the text of a book; what stands right behind a word, like a[0], is the index of a program. */
const MARKS_OF_A_BOOK = new RegExp(`(?<![\\p{L}\\p{N}_)\\]])(?:${MARK.source})+`, 'gu');

/** As models write them that were taught other signs: 【1】, ［2］, 【3†source】. */
const FOREIGN_MARK = /[【［]\s*(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\s*(?:†[^】］\n]*)?[】］]/g;

export interface CheckedMarks {
  /** The answer without the marks that do not stay. */
  readonly text: string;
  /** Cited numbers in order of first mention. */
  readonly cited: readonly number[];
  /** Numbers that were taken out. */
  readonly dropped: readonly number[];
}

/** A written answer in which marks of other signs are marks of ours. */
export function withOurMarks(answer: string): string {
  return answer.replace(FOREIGN_MARK, (_, list: string) => `[${list.replace(/[，、]/g, ', ')}]`);
}

/** Keeps the marks that cite a passage from 1 to `passages`, and takes the others out. */
export function checkMarks(answer: string, passages: number): CheckedMarks {
  return keepMarks(answer, (n) => n >= 1 && n <= passages);
}

export function keepMarks(answer: string, stays: (n: number) => boolean): CheckedMarks {
  const cited = new Set<number>();
  const dropped = new Set<number>();
  const keep = (_: string, list: string): string => {
    const numbers = numbersIn(list);
    const known = numbers.filter(stays);
    for (const n of numbers) (known.includes(n) ? cited : dropped).add(n);
    return known.length > 0 ? `[${known.join(', ')}]` : '';
  };
  const text = answer.replace(MARKS_IN_A_ROW, (_, gap: string, marks: string) => {
    const kept = marks.replace(MARK, keep);
    return kept && gap + kept;
  });
  return { text: text.trim(), cited: [...cited], dropped: [...dropped] };
}

/** The sentences of an answer that carry the mark of a passage, without marks. */
export function claimsOf(answer: string, n: number): string {
  const citing = answer
    .split('\n')
    .flatMap(sentencesOf)
    .filter((sentence) => [...sentence.matchAll(MARK)].some(([, list = '']) => numbersIn(list).includes(n)));
  return (citing.length > 0 ? citing.join(' ') : answer).replace(MARKS_IN_A_ROW, '');
}

/** Numbers that a text cites. */
export function citedIn(text: string): number[] {
  return [...text.matchAll(MARK)].flatMap(([, list = '']) => numbersIn(list));
}

/** A text that is shown to a model, in which nothing looks like a mark of ours: books number their own sources so. */
export function withMarksReworded(text: string): string {
  return text.replace(MARKS_OF_A_BOOK, (marks) => marks.replace(MARK, (_, list: string) => `(ref. ${list})`));
}

export function withoutMarks(text: string): string {
  return text.replace(MARKS_IN_A_ROW, '');
}

/** Numbers of a list, each once. */
function numbersIn(list: string): number[] {
  return [...new Set(list.split(',').map(Number))];
}
