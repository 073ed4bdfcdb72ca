/** What of a written answer the passages bear out. A claim that nothing supports is taken out, not shown as an answer. */
import type { NumberedPassage } from '../../ports/answer-model.ts';
import { meaningfulWords } from '../../text/overlap.ts';
import { citedIn, withoutMarks } from './citation-marks.ts';

export interface CheckedClaims {
  /** The claims that stay, with their marks; empty when none does. */
  readonly text: string;
  /** Sentences that were taken out. */
  readonly dropped: number;
}

/** A claim with fewer telling words than this need not share any with its passage: "Yes [1]." */
const FEW_WORDS = 3;

/**
 * Keeps a sentence when it cites a passage, or leads in the same paragraph to one that does, and when the passages that
 * it cites hold its numbers and some of its words. What cites nothing, or cites in vain, goes.
 */
export function supportedClaims(
  answer: string,
  question: string,
  passages: readonly NumberedPassage[],
): CheckedClaims {
  const texts = new Map(passages.map(({ n, text, title }) => [n, `${title}\n${text}`]));
  let dropped = 0;
  const paragraphs = answer.split('\n').map((paragraph) => {
    const kept = claimsIn(paragraph).filter((claim) => {
      const supported = isSupported(claim, question, texts);
      if (!supported) dropped += claim.length;
      return supported;
    });
    return kept.flat().join(' ');
  });
  return { text: paragraphs.filter(Boolean).join('\n'), dropped };
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
  const known = new Set(numbersIn(`${support}\n${question}`));
  return numbersIn(said).every((number) => known.has(number)) && sharesWords(said, support);
}

function sharesWords(said: string, support: string): boolean {
  const words = meaningfulWords(said);
  const supporting = new Set(meaningfulWords(support));
  // An answer in another script than the book's can't share its words.
  const sameScript = /\p{Script=Latin}/u.test(said) === /\p{Script=Latin}/u.test(support);
  return words.length < FEW_WORDS || !sameScript || words.some((word) => supporting.has(word));
}

/** Digits without the signs that group them: 1,861 is 1861. */
function numbersIn(text: string): string[] {
  const grouped = text.normalize('NFKC').replace(/(?<=\d)[,.'’\s](?=\d{3}(?!\d))/g, '');
  return grouped.match(/\d+(?:[.,]\d+)*/g) ?? [];
}
