/** The sentences of a written answer, in any script, with the citations behind them. Pure. */

const CITATIONS = '(?:\\s*\\[[\\d,\\s]+\\])*';
const CLOSING = '"”’»」』）)\\]';

/**
 * Where one ends and the next begins: white space behind its sign, and before what can begin one. Chinese and Japanese have none
 * there: behind the sign stands at most what belongs to it.
 */
const GAP = new RegExp(
  [
    '(?<=[.!?\\]:;۔؟।])\\s+(?=[\\p{Lu}\\p{Lo}\\p{N}“"*-])',
    `(?<=[。！？][${CLOSING}]*${CITATIONS})(?![${CLOSING}\\[\\s]|$)`,
  ].join('|'),
  'u',
);
const ENDS_UNSPACED = new RegExp(`[。！？][${CLOSING}]*${CITATIONS}$`, 'u');
const UP_TO_THE_LAST = new RegExp(
  `^[\\s\\S]*(?:[.!?…۔؟][${CLOSING}]*${CITATIONS}(?=\\s|$)|[。！？।][${CLOSING}]*${CITATIONS})`,
  'u',
);

/** Of one paragraph, without the white space between them; none is empty. */
export function sentencesOf(paragraph: string): string[] {
  return paragraph
    .split(GAP)
    .map((sentence) => sentence.trim())
    .filter(Boolean);
}

/** One paragraph again. */
export function joined(sentences: readonly string[]): string {
  return sentences.reduce(
    (text, sentence) => text + (text === '' || ENDS_UNSPACED.test(text) ? '' : ' ') + sentence,
    '',
  );
}

/** Up to the end of the last whole sentence, with the citations behind it; null when there is none. */
export function wholeSentencesOf(text: string): string | null {
  return UP_TO_THE_LAST.exec(text)?.[0] ?? null;
}
