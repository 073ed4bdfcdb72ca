/** Answers without a language model: the best sentences of the best passages, quoted and cited. */
import type { AnswerModel, NumberedPassage, WriteOptions, WrittenAnswer } from '../../ports/answer-model.ts';
import { meaningfulWords } from '../../text/overlap.ts';
import { bestQuotes, type Quote } from './quoting.ts';

/** An answer quotes this many passages at most: more is a list of hits, which `search` gives. */
const MAX_QUOTES = 3;
/** Passages that may be quoted; the ones behind are too far from the question. */
const CANDIDATES = 5;

/** What each rank takes off: the fifth passage must share a quarter more than the first to speak before it. */
const RANK_DISCOUNT = 0.05;

/** Share of the question's words that one passage holds. */
const MOST_WORDS = 0.6;
/** Cosine with all-MiniLM-L6-v2. */
const NEAR = 0.4;

export const NOTHING_FOUND = 'The library does not say.';

export class ExtractiveAnswers implements AnswerModel {
  readonly name = 'extractive';

  async answer(
    question: string,
    passages: readonly NumberedPassage[],
    { nearest }: WriteOptions = {},
  ): Promise<WrittenAnswer> {
    const candidates = passages.slice(0, CANDIDATES);
    const quotes = bestQuotes(question, candidates).filter(({ quote }) => quote !== '');
    const [first, ...others] = byWeight(quotes);
    if (!first || !isSpokenOf(question, candidates, nearest))
      return { answer: NOTHING_FOUND, citations: [], droppedCitations: [], mode: 'extractive' };
    // One passage always speaks; others only where they share as much with the question.
    const chosen = [
      first,
      ...others.filter((quote) => quote.weight > 0 && quote.weight >= first.weight),
    ].slice(0, MAX_QUOTES);
    return {
      answer: chosen.map(({ n, quote }) => `“${oneLine(quote)}” [${n}]`).join('\n'),
      citations: chosen.map(({ n, quote }) => ({ n, quote })),
      droppedCitations: [],
      mode: 'extractive',
    };
  }
}

/**
 * Whether the passages speak of what is asked: some nearness is enough with some of the words, and most of the words without it.
 * Of the labelled questions it declines one in a hundred, and four in five of those that the books do not answer
 * (docs/retrieval.md).
 */
function isSpokenOf(
  question: string,
  passages: readonly NumberedPassage[],
  nearest: number | null | undefined,
): boolean {
  // Undefined: of a question that began under a version that did not tell it.
  const isNear = nearest === undefined || (nearest ?? 0) >= NEAR;
  const asked = [...new Set(meaningfulWords(question))];
  // "Who was he?" has no word that a passage could speak of.
  if (asked.length === 0) return isNear;
  const shares = passages.map(({ text, title, section }) => {
    const told = new Set(meaningfulWords([title, ...section, text].join(' ')));
    return asked.filter((word) => told.has(word)).length / asked.length;
  });
  const share = Math.max(...shares);
  return share > 0 && (isNear || share >= MOST_WORDS);
}

/** The nearer passage counts more, but a title page that shares a word is no answer. */
function byWeight(quotes: readonly Quote[]): Quote[] {
  const score = (quote: Quote): number => quote.weight * (1 - RANK_DISCOUNT * quotes.indexOf(quote));
  return [...quotes].sort((a, b) => score(b) - score(a));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
