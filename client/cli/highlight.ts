/** Words of a question, found again in a text. Pure. */

/** Shorter ones are in every text. */
const LEAST_LETTERS = 3;
/** Of a word this long other forms are found, too: winding for wind. */
const LEAST_STEM = 4;
/** Letters that another form may have at its end. */
const MOST_ENDING = 3;

const WORD = /[\p{L}\p{N}]+/gu;

/** The words of a question that are worth looking for; all of them where none is. */
export function wordsToFind(question: string): readonly string[] {
  const words = [...new Set(question.toLowerCase().match(WORD))];
  const long = words.filter((word) => word.length >= LEAST_LETTERS);
  return long.length > 0 ? long : words;
}

/** The text with `mark` around every word that is one of those, or a form of one. */
export function highlighted(text: string, words: readonly string[], mark: (word: string) => string): string {
  return text.replace(WORD, (word) => (isOneOf(words, word) ? mark(word) : word));
}

/** Where the first of them begins; −1 when there is none. */
export function firstMatch(text: string, words: readonly string[]): number {
  for (const { 0: word, index } of text.matchAll(WORD)) if (isOneOf(words, word)) return index;
  return -1;
}

function isOneOf(words: readonly string[], word: string): boolean {
  const lower = word.toLowerCase();
  return words.some((wanted) => wanted === lower || isFormOf(lower, wanted) || isFormOf(wanted, lower));
}

function isFormOf(longer: string, shorter: string): boolean {
  return (
    shorter.length >= LEAST_STEM &&
    longer.length - shorter.length <= MOST_ENDING &&
    longer.startsWith(shorter)
  );
}
