/**
 * Whether two questions that are near as vectors may have one answer. A model of meaning puts "in 1850" beside "in 1860", and
 * "which bells ring" beside "which bells do not ring"; what they ask for differs in a mark that must not differ.
 */

/** True when the numbers, dates, names, negations and opposites of both are the same. Symmetric and reflexive. */
export function mayShareAnswer(a: string, b: string): boolean {
  const caseless = !hasCase(a) || !hasCase(b);
  return marksOf(a, caseless).join('\n') === marksOf(b, caseless).join('\n');
}

/** Lower case, in English and in the languages that most often stand beside it. */
const NEGATIONS = wordSet(
  'no not never none neither nor nothing nobody nowhere without cannot except excluding lacks lack lacking unless ' +
    'nicht kein keine keinen keiner keines nie niemals ohne pas jamais sans non ni sin nunca senza mai',
);
const NUMBER_WORDS = wordSet(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million ' +
    'millions billion billions dozen half third quarter double twice once thrice ' +
    'first second fourth fifth sixth seventh eighth ninth tenth last latest next previous former latter both either',
);
const DATE_WORDS = wordSet(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep ' +
    'sept oct nov dec monday tuesday wednesday thursday friday saturday sunday today yesterday tomorrow ' +
    'spring summer autumn fall winter morning noon evening night midnight century decade ad bc bce ce',
);
/** Words with an opposite that stands in the same sentences, and so close by as a vector. */
const OPPOSITES = wordSet(
  'before after since until more less most least fewer many few above below over under up down in out left right ' +
    'north south east west northern southern eastern western high low higher lower highest lowest large small larger ' +
    'smaller largest smallest long short longer shorter longest shortest old new older newer oldest newest early late ' +
    'earlier later best worst better worse increase decrease increases decreases increased decreased enable disable ' +
    'enabled disabled open close opened closed opens closes on off start stop begin end begins ends add remove added ' +
    'removed minimum maximum min max inside outside input output read write reads writes import export upload download ' +
    'buy sell win lose won lost rise fall hot cold warm male female man woman men women king queen mother father son ' +
    'daughter brother sister husband wife always sometimes often rarely only all any some every each true false ' +
    'same different with against for advantage disadvantage advantages disadvantages cause effect why how when where who',
);
/** Capital letters at the begin of a sentence make no name of these. */
const COMMON_OPENERS = wordSet(
  'a an and are as at be but by can could did do does for from had has have how i if in into is it its me my of on or our ' +
    'please shall should so tell than that the their them then there these they this those to was we were what when where ' +
    'which while who whom whose why will with would you your explain describe give name list show define compare find',
);

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}

/** What must not differ, sorted; each as often as it stands there. */
function marksOf(question: string, caseless: boolean): string[] {
  // "can't", "don’t" and "won't" say no as "not" does.
  const text = question.normalize('NFKC').replace(/(\p{L})n['’]t\b/gu, '$1 not');
  const words =
    text.match(/[\p{L}\p{M}\p{N}]+(?:[.,:/_'’-][\p{L}\p{M}\p{N}]+)*|[+−±%<>=≤≥≠$€£#@&*^~|\\/-]/gu) ?? [];
  return words.flatMap((word) => markOf(word, caseless) ?? []).sort();
}

function markOf(word: string, caseless: boolean): string | null {
  const lower = word.toLowerCase();
  if (/\p{N}/u.test(word)) return `number ${lower.replace(/(?<=\d)[,'’](?=\d{3})/g, '')}`;
  if (!/\p{L}/u.test(word)) return /^-$/.test(word) ? null : `sign ${word}`;
  if (NEGATIONS.has(lower)) return 'negation';
  if (NUMBER_WORDS.has(lower) || DATE_WORDS.has(lower) || OPPOSITES.has(lower)) return `word ${lower}`;
  if (COMMON_OPENERS.has(lower)) return null;
  // read.csv, a/b and snake_case are names, whatever their letters.
  const isName = caseless || lower !== word || /[.:/_]/.test(word);
  return isName ? `name ${lower.replace(/['’]s$/, '')}` : null;
}

/** Without capitals names can't be told from other words, and every word that says anything counts as one. */
function hasCase(question: string): boolean {
  return /\p{Lu}/u.test(question) && /\p{Ll}/u.test(question);
}
