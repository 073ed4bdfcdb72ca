/** The words of a text as a lexical search compares them. Pure. */

/** Words so frequent in English that they tell nothing; the list of Lucene's EnglishAnalyzer, with the question words. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to ' +
    'was will with what which who whom whose when where why how do does did can could should would i you he she we me my ' +
    'your his her our its am been being have has had from about than so too very s t'
  ).split(' '),
);

/** Scripts that write without spaces. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}]+/gu;
/** Longer ones are no words: keys, hashes, rows of a table. In UTF-16 units. */
const LONGEST_WORD = 40;

/** In the order of the text, repeated as often as they stand there: lower case, no accents, no plurals, no stop words. */
export function wordsOf(text: string): string[] {
  const plain = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .normalize('NFC');
  return piecesOf(plain)
    .filter((word) => word.length <= LONGEST_WORD && !STOP_WORDS.has(word))
    .map(singular);
}

function piecesOf(text: string): readonly string[] {
  const runs = text.match(WORD) ?? [];
  return UNSPACED.test(text) ? runs.flatMap((run) => (UNSPACED.test(run) ? segments(run) : run)) : runs;
}

let segmenter: Intl.Segmenter | undefined;

function segments(run: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  return Array.from(segmenter.segment(run), ({ segment }) => segment);
}

/** Harman 1991, «How effective is suffixing?»: the S stemmer. */
function singular(word: string): string {
  if (word.length <= 3 || !word.endsWith('s')) return word;
  if (/(?<![ae])ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(?<![aeo])es$/.test(word)) return word.slice(0, -1);
  return /[us]s$/.test(word) ? word : word.slice(0, -1);
}
