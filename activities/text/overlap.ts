/** Which sentence of a passage says most about a question, by the rare words they share. */

/** Words that say nothing of what a question is about. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its ' +
    'me my no not of on or our she should so than that the their them then there these they this to was we were what when ' +
    'where which while who whom whose why will with would you your'
  ).split(' '),
);

/** Words of a text that carry meaning, in lower case and without their commonest English endings. */
export function meaningfulWords(text: string): string[] {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      // The one letter that is another at the end of a word.
      .replaceAll('ς', 'σ')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map(stem);
}

/** A light stemmer: enough to let "lamps" meet "lamp", "calling" meet "call", and "horses" meet "horse". */
function stem(word: string): string {
  if (word.length < 4) return word;
  if (word.length === 4) return word.replace(/(?:e|(?<!s)s)$/, '');
  return word.replace(/ies$/, 'y').replace(/(?:ing|ed|es|e|(?<!s)s)$/, '');
}

/** Weight of a word: the fewer of the texts hold it, the more it says (inverse document frequency, Spärck Jones 1972). */
export function wordWeights(texts: readonly string[]): (word: string) => number {
  const frequency = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(meaningfulWords(text))) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  return (word) => Math.log(1 + texts.length / (1 + (frequency.get(word) ?? 0)));
}

/** Sum of the weights of the question's words that a text holds. */
export function sharedWeight(
  questionWords: ReadonlySet<string>,
  text: string,
  weightOf: (word: string) => number,
): number {
  const words = new Set(meaningfulWords(text));
  let sum = 0;
  for (const word of questionWords) if (words.has(word)) sum += weightOf(word);
  return sum;
}
