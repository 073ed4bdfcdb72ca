/** The words of a text as a lexical search of our own compares them. Pure. */
import { meaningfulWords } from './overlap.ts';

const MARKS = /\p{M}+/gu;
/** Longer ones are no words: keys, hashes, rows of a table. In UTF-16 units. */
const LONGEST_WORD = 40;

/** In the order of the text, as often as they stand there: lower case, without accents, common endings and stop words. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replace(MARKS, '').normalize('NFC');
  return meaningfulWords(plain).filter((word) => word.length <= LONGEST_WORD);
}
