/** Which words of a passage a search was about. */
import { cutAt, type Piece } from './marked.ts';

/** Words that stand in every passage. */
const common = new Set(
  (
    'a about after all an and any are as at be been but by can did do does for from had has have he her his how i if in ' +
    'into is it its more no not of on one or other she so some than that the their them then there these they this to ' +
    'was we were what when where which while who whom whose why will with would you your'
  ).split(' '),
);

/** Letters that a word may have more than its form in the query: winds, winding, wound not. */
const MAX_ENDING = 3;
const MIN_STEM = 4;

/** Cuts a text at the words of the query, in any case and with other endings. */
export function markWords(text: string, query: string): Piece[] {
  const wanted = wordsOf(query);
  const found = [...text.matchAll(/[\p{L}\p{N}\p{Mn}]+/gu)].filter(([word]) => {
    const plain = plainOf(word);
    return wanted.some((one) => isSameWord(one, plain));
  });
  return cutAt(
    text,
    found.map(({ 0: word, index }) => ({ start: index, end: index + word.length })),
  );
}

function wordsOf(query: string): string[] {
  const words = (query.match(/[\p{L}\p{N}\p{Mn}]+/gu) ?? []).map(plainOf);
  const rare = words.filter((word) => !common.has(word));
  return rare.length > 0 ? rare : words;
}

function plainOf(word: string): string {
  return word
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}

function isSameWord(one: string, other: string): boolean {
  if (one === other) return true;
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return short.length >= MIN_STEM && long.startsWith(short) && long.length - short.length <= MAX_ENDING;
}
