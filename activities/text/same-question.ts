/**
 * Whether two questions that are near as vectors may have one answer. A model of meaning puts "in 1850" beside "in 1860",
 * "legal" beside "illegal", and "Did Anna kill Bert?" beside "Did Bert kill Anna?". No list of words that matter is ever
 * whole, in any language, so it is turned around: every word matters, and so does its place, but for the few that are
 * known to be grammar alone. To share wrongly gives a false answer; to miss costs a search.
 */
import { hasParticiple } from './participles.ts';

/** True when both say the same words in the same order, apart from grammar that changes nothing. Symmetric and reflexive. */
export function mayShareAnswer(a: string, b: string): boolean {
  const foldsCase = isLowerCase(a) || isLowerCase(b);
  const [one, other] = [phraseOf(a, foldsCase), phraseOf(b, foldsCase)];
  return isSame(one, other) || isPassiveOf(one, other) || isPassiveOf(other, one);
}

/** A question without what may differ. */
interface Phrase {
  /** All words but the auxiliary, in order. */
  readonly words: readonly string[];
  /** "Is" or "do" with its tense: it stands at another place in "tell me how it is wound". Empty where there is none. */
  readonly auxiliary: string;
  /** Where it stood among the words. */
  readonly at: number;
}

const AUXILIARIES: ReadonlyMap<string, string> = new Map([
  ...['is', 'are'].map((word) => [word, 'is'] as const),
  ...['was', 'were'].map((word) => [word, 'was'] as const),
  ...['do', 'does'].map((word) => [word, 'do'] as const),
  ['did', 'did'],
]);
const ASKING = 'how|what|when|where|which|who|whom|whose|why';
const ASKING_WORDS: ReadonlySet<string> = new Set(ASKING.split('|'));
/** What is said before a question and asks for nothing of its own. */
const POLITE = new RegExp(
  `^(?:please,? )?(?:(?:(?:can|could|would|will) you (?:please )?)?tell (?:me|us),? |do you know )(?=(?:${ASKING}) )`,
  'i',
);
/** "How do I", "how do you" and "how to" ask for the same. */
const HOW_ONE = /^how (?:to|(?:do|does) (?:i|you|one)) (?=.)/i;
/** Nobody in particular, when it is asked what they did. */
const ANYONE: ReadonlySet<string> = new Set(['they', 'people', 'one']);

/** Auxiliaries of the passive and of the active in one tense. */
const TENSES: ReadonlySet<string> = new Set(['is do', 'was did']);

function phraseOf(question: string, foldsCase: boolean): Phrase {
  const words = wordsOf(question, foldsCase);
  // Only in English: "was" is "what" in German, and "do" is "of the" in Portuguese.
  const isEnglish = ASKING_WORDS.has(words[0] ?? '');
  const at = isEnglish ? words.findIndex((word) => AUXILIARIES.has(word)) : -1;
  if (at < 0) return { words, auxiliary: '', at };
  return { words: words.toSpliced(at, 1), auxiliary: AUXILIARIES.get(words[at] ?? '') ?? '', at };
}

function wordsOf(question: string, foldsCase: boolean): string[] {
  // Not NFKC: "x²" is not "x2".
  const text = question
    .normalize('NFC')
    .replace(/[’ʼ]/gu, "'")
    .replace(/[\u2010\u2011\u2212]/gu, '-')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/(?: |(?<!\?))\?+$/u, '')
    .replace(/, please$/iu, '');
  const plain = spelledOut(text).replace(POLITE, '').replace(HOW_ONE, 'how do one ');
  const words = plain.split(' ').map((word, index, { length }) => bare(word, index === length - 1));
  // In other languages a comma begins a fraction.
  const isEnglish = ASKING_WORDS.has(words[0]?.toLowerCase() ?? '');
  return words
    .map((word) => (isEnglish && GROUPED.test(word) ? word.replaceAll(',', '') : word))
    .map((word, index) => (foldsCase || index === 0 || isAsking(word) ? folded(word) : word))
    .filter((word) => word !== '' && word !== 'the');
}

const GROUPED = /^\d{1,3}(?:,\d{3})+$/;

/** Contractions and the possessive in their long form. */
function spelledOut(text: string): string {
  return text
    .replace(/(?<!\S)can(?:'t|not)(?!\p{L})/giu, 'can not')
    .replace(/(?<!\S)won't(?!\p{L})/giu, 'will not')
    .replace(/(\p{L})n't(?!\p{L})/giu, '$1 not')
    .replace(new RegExp(`(?<!\\S)(${ASKING}|it|that|there|here|he|she)'s(?= )`, 'giu'), '$1 is')
    .replace(/(?<!\S)(\p{L}+)'s (\p{L}+)/gu, '$2 of $1');
}

/** A question is anybody's: quotation marks by the hundred are no word, and would be tried in all ways. */
const LONGEST_WORD = 100;

/**
 * Without the quotation marks and the punctuation of a sentence; signs inside of a word and before it stay, and within a
 * question `!` and `?` belong to a name: "sort!", "empty?".
 */
function bare(word: string, isLast: boolean): string {
  if (word.length > LONGEST_WORD) return word;
  const ends = isLast ? '[?!.,;:…]*' : '[.,;:…]*';
  const quoted = new RegExp(`^["“”„«»¿¡]*(.*?\\p{L}{2}${isLast ? '' : '[!?]?'})["“”»]*${ends}["“”»]*$`, 'u');
  const [, inner = word] = quoted.exec(word) ?? [];
  const plain = inner.replace(/(?<=[\p{L}\p{M}\p{N}])[.,;:…]+$/u, '');
  return isLast ? plain.replace(/(?<=[\p{L}\p{M}\p{N}])\?+$/u, '').replace(/(?<=\p{L})!+$/u, '') : plain;
}

/** "IT" and "WHO" are not "it" and "who", wherever they stand. */
function folded(word: string): string {
  return /^\p{Lu}{2,}$/u.test(word) ? word : word.toLowerCase();
}

function isAsking(word: string): boolean {
  return ASKING_WORDS.has(word.toLowerCase());
}

/** Many write without capitals: then they tell nothing. */
function isLowerCase(question: string): boolean {
  return !/\p{Lu}/u.test(question);
}

function isSame(a: Phrase, b: Phrase): boolean {
  return a.auxiliary === b.auxiliary && areSame(a.words, b.words);
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}

/** "When was the lighthouse moved?" and "When did they move the lighthouse?": in the same tense, and by nobody in particular. */
function isPassiveOf(passive: Phrase, active: Phrase): boolean {
  const { words, auxiliary, at } = active;
  if (!TENSES.has(`${passive.auxiliary} ${auxiliary}`)) return false;
  const [anyone = '', verb = ''] = words.slice(at);
  if (!ANYONE.has(anyone)) return false;
  const others = [...words.slice(0, at), ...words.slice(at + 2)];
  // Behind what it is done to: "the wound clock" is a clock.
  return passive.words.some(
    (word, index) =>
      index > at && hasParticiple(verb, word) && areSame(passive.words.toSpliced(index, 1), others),
  );
}
