import type { NumberedPassage } from '../../ports/answer-model.ts';
import { meaningfulWords, sharedWeight, wordWeights } from '../../text/overlap.ts';
import { splitSentences } from '../../text/sentences.ts';

export interface Quote {
  readonly n: number;
  /** Words as they stand in the passage. */
  readonly quote: string;
  /** How much they have in common with what was asked. */
  readonly weight: number;
}

/** Longest quote, in characters; a longer sentence is cut at a word. */
const MAX_QUOTE = 400;

/**
 * From each passage the sentence that has most in common with the text, and the one behind it when both are short.
 * The quote of a blank passage is empty.
 */
export function bestQuotes(text: string, passages: readonly NumberedPassage[]): Quote[] {
  const words = new Set(meaningfulWords(text));
  const sentences = passages.map((passage) =>
    splitSentences(passage.text).map((sentence) => sentence.trim()),
  );
  const weightOf = wordWeights(sentences.flat());
  return passages.map(({ n, text: passage }, index) => {
    const candidates = tellingOf(sentences[index] ?? []);
    const weights = candidates.map((sentence) => sharedWeight(words, sentence, weightOf));
    const weight = Math.max(0, ...weights);
    const at = Math.max(0, weights.indexOf(weight));
    return { n, quote: spanIn(passage, candidates.slice(at, at + 2)), weight };
  });
}

/** Sentences with words; a passage without any may still have numbers. */
function tellingOf(sentences: readonly string[]): readonly string[] {
  const worded = sentences.filter((sentence) => /\p{L}/u.test(sentence));
  return worded.length > 0 ? worded : sentences.filter(Boolean);
}

/** The first sentence, and the second where it follows in the passage and both fit. */
function spanIn(passage: string, [first = '', second]: readonly string[]): string {
  const start = passage.indexOf(first);
  const end = second === undefined ? -1 : passage.indexOf(second, start + first.length) + second.length;
  if (end > start + first.length && end - start <= MAX_QUOTE) return passage.slice(start, end);
  return first.length <= MAX_QUOTE ? first : cutAtWord(first);
}

/** Half a surrogate pair would not survive on its way as UTF-8. */
function cutAtWord(sentence: string): string {
  const head = sentence.slice(0, MAX_QUOTE).replace(/[\uD800-\uDBFF]$/, '');
  return head.replace(/\s+\S*$/, '');
}
