/** What of a written answer the passages bear out. A claim that nothing supports is taken out, not shown as an answer. */
import type { NumberedPassage } from '../../ports/answer-model.ts';
import { meaningfulWords } from '../../text/overlap.ts';
import { joined, sentencesOf } from './answer-sentences.ts';
import { citedIn, keepMarks, withoutMarks } from './citation-marks.ts';

export interface CheckedClaims {
  /** The claims that stay, with their marks; empty when none does. */
  readonly text: string;
  /** Sentences that were taken out. */
  readonly dropped: number;
}

/** Of a sentence without a mark so large a part of its telling words stands in the passages that bear it out. */
const OWN_WORDS_SHARE = 0.6;
/** With fewer telling words than this it is not told of which passage it is. */
const FEW_WORDS = 3;

/** Words that claim nothing by themselves: "Yes [1]." */
const ASSENT: ReadonlySet<string> = new Set(
  meaningfulWords('Yes, true, right, correct, indeed; false, wrong, never, none'),
);

/**
 * Each sentence is judged by itself. One that cites stays when the passages that it cites hold its numbers and some of
 * its words; one before it, in the same paragraph, when they hold its numbers and most of its words. Another that cites
 * nothing stays, with a mark of ours, when a passage holds its numbers and most of its words: small models forget the
 * marks. All others go. Words can bear out what they do not say: who turns a sentence into its opposite has the same ones.
 */
export function supportedClaims(
  answer: string,
  question: string,
  passages: readonly NumberedPassage[],
): CheckedClaims {
  let dropped = 0;
  let items = 0;
  const paragraphs = answer.split('\n').map((paragraph) => {
    const { mark, said, item } = listItem(paragraph, items);
    items = item ?? items;
    const kept = claimsIn(said).flatMap((claim) => {
      const stay = supportedOf(claim, question, passages);
      dropped += claim.leading.length + Number(claim.citing !== null) - stay.length;
      return stay;
    });
    return kept.length > 0 ? mark + joined(kept) : '';
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

interface Claim {
  /** Sentences without a mark. */
  readonly leading: readonly string[];
  /** The sentence with marks behind them; null at the end of a paragraph that has none there. */
  readonly citing: string | null;
}

function claimsIn(paragraph: string): Claim[] {
  const claims: Claim[] = [];
  let leading: string[] = [];
  for (const said of sentencesOf(paragraph)) {
    if (citedIn(said).length === 0) {
      leading.push(said);
      continue;
    }
    claims.push({ leading, citing: said });
    leading = [];
  }
  return leading.length > 0 ? [...claims, { leading, citing: null }] : claims;
}

/** The sentences of a claim that stay. */
function supportedOf(
  { leading, citing }: Claim,
  question: string,
  passages: readonly NumberedPassage[],
): readonly string[] {
  const marks = citing === null ? [] : citedIn(citing);
  const cited = passages.filter(({ n }) => marks.includes(n));
  const isBorneOut = citing !== null && isSupported(citing, question, cited);
  const stay = leading.flatMap((sentence) => {
    if (isBorneOut && leadsTo(sentence, question, cited)) return sentence;
    return attributed(sentence, question, passages) ?? [];
  });
  return isBorneOut ? [...stay, withoutIdleMarks(citing, cited)] : stay;
}

function isSupported(citing: string, question: string, cited: readonly NumberedPassage[]): boolean {
  const said = withoutMarks(citing);
  return (
    holdsNumbers(said, question, cited.map(toldBy).join('\n')) &&
    cited.some(({ text }) => sharesWords(said, text))
  );
}

/** Whether a sentence without a mark says what the passages do, that the next one cites, or what was asked. */
function leadsTo(sentence: string, question: string, cited: readonly NumberedPassage[]): boolean {
  const support = cited.map(toldBy).join('\n');
  if (!holdsNumbers(sentence, question, support)) return false;
  return !sameScript(sentence, support) || shareIn(sentence, `${support}\n${question}`) >= OWN_WORDS_SHARE;
}

function toldBy({ title, text }: NumberedPassage): string {
  return `${title}\n${text}`;
}

/**
 * Without the marks of passages that share nothing with the claim, where another passage does: a model copies numbers out of
 * the text of a book, as in "Knuth [3] showed", and no words of that passage could be quoted for the claim.
 */
function withoutIdleMarks(citing: string, cited: readonly NumberedPassage[]): string {
  const said = withoutMarks(citing);
  const idle = cited.filter(({ text }) => !sharesWords(said, text)).map(({ n }) => n);
  return idle.length === 0 ? citing : keepMarks(citing, (n) => !idle.includes(n)).text;
}

/** The sentence with the mark of the passage that it was plainly taken from; null when it was taken from none. */
function attributed(sentence: string, question: string, passages: readonly NumberedPassage[]): string | null {
  if (new Set(meaningfulWords(sentence)).size < FEW_WORDS) return null;
  const best = passages
    .map((passage) => ({ n: passage.n, told: toldBy(passage), share: shareIn(sentence, toldBy(passage)) }))
    .sort((a, b) => b.share - a.share)
    .find(({ told }) => holdsNumbers(sentence, question, told));
  if (!best || best.share < OWN_WORDS_SHARE) return null;
  const [, body = sentence, end = ''] = /^(.*?)([.!?。！？۔؟।]*["”’'」』）)]*)$/su.exec(sentence) ?? [];
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

/** Whether a text has one of the telling words of a sentence; numbers are no words here. */
function sharesWords(said: string, text: string): boolean {
  const words = meaningfulWords(said).filter((word) => /\p{L}/u.test(word) && !ASSENT.has(word));
  const known = new Set(meaningfulWords(text));
  return words.length === 0 || !sameScript(said, text) || words.some((word) => known.has(word));
}

/** Part of the telling words of a sentence that a text has; all of them, where the sentence has none. */
function shareIn(sentence: string, text: string): number {
  const words = [...new Set(meaningfulWords(sentence))];
  const known = new Set(meaningfulWords(text));
  return words.length === 0 ? 1 : words.filter((word) => known.has(word)).length / words.length;
}

/** An answer in another script than the book's can't share its words. */
function sameScript(said: string, text: string): boolean {
  return scriptOf(said) === scriptOf(text);
}

/** Those of Chinese and Japanese are one: they share words. */
const SCRIPTS = [
  ...['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Bengali', 'Tamil', 'Telugu', 'Thai'],
  ...['Hangul', 'Georgian', 'Armenian'],
].map((name) => new RegExp(`\\p{Script=${name}}`, 'gu'));
const ALL_SCRIPTS = [...SCRIPTS, /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu];

/** The one that most letters of a text are of; -1 where they are of none of these. */
function scriptOf(text: string): number {
  const letters = ALL_SCRIPTS.map((script) => text.match(script)?.length ?? 0);
  const most = Math.max(...letters);
  return most === 0 ? -1 : letters.indexOf(most);
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
