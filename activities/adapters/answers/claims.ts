/** What of a written answer the passages bear out. A claim that nothing supports is taken out, not shown as an answer. */
import type { NumberedPassage } from '../../ports/answer-model.ts';
import { meaningfulWords } from '../../text/overlap.ts';
import { citedIn, keepMarks, withoutMarks } from './citation-marks.ts';

export interface CheckedClaims {
  /** The claims that stay, with their marks; empty when none does. */
  readonly text: string;
  /** Sentences that were taken out. */
  readonly dropped: number;
}

/** A claim with fewer telling words than this need not share any with its passage: "Yes [1]." */
const FEW_WORDS = 3;

/** A sentence without a mark is given that of a passage which holds so large a part of its telling words. */
const OWN_WORDS_SHARE = 0.6;

/**
 * Keeps a sentence when it cites a passage, or leads in the same paragraph to one that does, and when the passages that
 * it cites hold its numbers and some of its words. One that cites nothing stays, with a mark of ours, when a passage
 * holds its numbers and most of its words: small models forget the marks. All others go.
 */
export function supportedClaims(
  answer: string,
  question: string,
  passages: readonly NumberedPassage[],
): CheckedClaims {
  const texts = new Map(passages.map(({ n, text, title }) => [n, `${title}\n${text}`]));
  let dropped = 0;
  let items = 0;
  const paragraphs = answer.split('\n').map((paragraph) => {
    const { mark, said, item } = listItem(paragraph, items);
    items = item ?? items;
    const kept = claimsIn(said).flatMap((claim) => {
      if (isSupported(claim, question, texts)) return withoutIdleMarks(claim, passages);
      const stay = claim.some((sentence) => citedIn(sentence).length > 0)
        ? []
        : claim.flatMap((sentence) => attributed(sentence, question, texts) ?? []);
      dropped += claim.length - stay.length;
      return stay;
    });
    return kept.length > 0 ? mark + kept.join(' ') : '';
  });
  return { text: paragraphs.filter(Boolean).join('\n'), dropped };
}

/** What a line of a list begins with: a sign, a number, or both. */
const LIST_MARK = /^\s*((?:[-*•]\s+)?(?:(\d{1,2})[.)]\s+)?)(?=.*\p{L})/u;

interface ListItem {
  /** Shown before the text, and not held against any passage; empty where the line is none of a list. */
  readonly mark: string;
  readonly said: string;
  /** Its number; null when it has none. */
  readonly item: number | null;
}

/** A number is one of the list only where it goes on counting: what a model claims can't pass for one. */
function listItem(line: string, itemsBefore: number): ListItem {
  const [all = '', mark = '', number] = LIST_MARK.exec(line) ?? [];
  const item = number === undefined ? null : Number(number);
  if (item !== null && item !== 1 && item !== itemsBefore + 1) return { mark: '', said: line, item: null };
  return { mark, said: line.slice(all.length), item };
}

/** Sentences that belong together: those without a mark go with the next one that has some. */
function claimsIn(paragraph: string): string[][] {
  const claims: string[][] = [];
  let open: string[] = [];
  for (const sentence of paragraph.split(/(?<=[.!?\]:;])\s+(?=[\p{Lu}\p{N}“"*-])/u)) {
    if (sentence.trim() === '') continue;
    open.push(sentence.trim());
    if (citedIn(sentence).length === 0) continue;
    claims.push(open);
    open = [];
  }
  return open.length > 0 ? [...claims, open] : claims;
}

function isSupported(
  claim: readonly string[],
  question: string,
  texts: ReadonlyMap<number, string>,
): boolean {
  const cited = [...new Set(claim.flatMap(citedIn))];
  if (cited.length === 0) return false;
  const said = withoutMarks(claim.join(' '));
  const support = cited.map((n) => texts.get(n) ?? '').join('\n');
  return holdsNumbers(said, question, support) && sharesWords(said, support);
}

/**
 * Without the marks of passages that share nothing with the claim, where another passage does: a model copies numbers out of
 * the text of a book, as in "Knuth [3] showed", and no words of that passage could be quoted for the claim.
 */
function withoutIdleMarks(claim: readonly string[], passages: readonly NumberedPassage[]): readonly string[] {
  const cited = new Set(claim.flatMap(citedIn));
  const said = withoutMarks(claim.join(' '));
  const idle = passages.filter(({ n, text }) => cited.has(n) && !sharesWords(said, text)).map(({ n }) => n);
  if (idle.length === 0 || idle.length === cited.size) return claim;
  return claim.map((sentence) => keepMarks(sentence, (n) => !idle.includes(n)).text);
}

/** The sentence with the mark of the passage that it was plainly taken from; null when it was taken from none. */
function attributed(sentence: string, question: string, texts: ReadonlyMap<number, string>): string | null {
  const words = new Set(meaningfulWords(sentence));
  if (words.size < FEW_WORDS) return null;
  const shares = [...texts].map(([n, text]) => {
    const own = new Set(meaningfulWords(text));
    return { n, share: [...words].filter((word) => own.has(word)).length / words.size };
  });
  const best = shares
    .sort((a, b) => b.share - a.share)
    .find(({ n }) => holdsNumbers(sentence, question, texts.get(n)));
  if (!best || best.share < OWN_WORDS_SHARE) return null;
  const [, body = sentence, end = ''] = /^(.*?)([.!?]*["”’')]*)$/su.exec(sentence) ?? [];
  return `${body} [${best.n}]${end}`;
}

/** A number of a claim is one that stands in the text, with or without the signs that group its digits. */
function holdsNumbers(said: string, question: string, support = ''): boolean {
  const told = `${support}\n${question}`.normalize('NFKC');
  const known = new Set([...numbersIn(told), ...numbersIn(ungrouped(told, GROUPED_ANYHOW))]);
  const claimed = said.normalize('NFKC');
  return (
    numbersIn(claimed).every((number) => known.has(number)) ||
    numbersIn(ungrouped(claimed, GROUPED_PLAINLY)).every((number) => known.has(number))
  );
}

function sharesWords(said: string, support: string): boolean {
  const words = meaningfulWords(said);
  const supporting = new Set(meaningfulWords(support));
  // An answer in another script than the book's can't share its words.
  const sameScript = /\p{Script=Latin}/u.test(said) === /\p{Script=Latin}/u.test(support);
  return words.length < FEW_WORDS || !sameScript || words.some((word) => supporting.has(word));
}

/** One to three digits, and groups of three behind them. A point groups in some languages, and in others begins a fraction. */
const GROUPED_ANYHOW = /(?<![\d.,])\d{1,3}(?:([,.'’ ])\d{3})(?:\1\d{3})*(?!\d)/g;
const GROUPED_PLAINLY = /(?<![\d.,])\d{1,3}(?:([,'’ ])\d{3})(?:\1\d{3})*(?!\d)/g;

/** 1,861 is 1861. */
function ungrouped(text: string, grouped: RegExp): string {
  return text.replace(grouped, (number) => number.replace(/\D/g, ''));
}

function numbersIn(text: string): string[] {
  return text.match(/\d+(?:[.,]\d+)*/g) ?? [];
}
