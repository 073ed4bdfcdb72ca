/** Which sentence of a passage says most about a question, by the rare words they share. */
import { spaced } from './unspaced.ts';

/** Words that say nothing of what a question is about: English, and the scripts without spaces, whose grammar is in such words. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it its ' +
    'me my no not of on or our she should so than that the their them then there these they this to was we were what when ' +
    'where which while who whom whose why will with would you your ' +
    '的 了 是 在 和 与 與 或 也 就 都 而 及 着 過 过 吗 嗎 呢 吧 啊 之 于 於 以 为 為 被 把 从 從 到 对 對 由 这 這 那 哪 哪里 哪裡 哪儿 哪个 哪個 ' +
    '谁 誰 什么 什麼 什么时候 什麼時候 怎么 怎麼 怎样 怎樣 如何 为什么 為什麼 多少 几 幾 有 没有 沒有 不 我 你 他 她 它 我们 我們 你们 你們 他们 他們 ' +
    'の は が を に へ と で も や か ね よ な だ た て し から まで より です ます でし まし ませ ある いる する した して され れる られる ' +
    'ない なく なり なる こと もの よう ため とも いつ どこ だれ なぜ どう どの この その あの これ それ あれ ここ そこ どれ など いう 何 何故 ' +
    'ที่ เป็น ของ และ ใน มี ได้ ไม่ อะไร ใคร ไหน เมื่อ อย่างไร ทำไม คือ จะ ว่า ให้ กับ จาก นี้ นั้น หรือ อยู่'
  ).split(' '),
);

/** Words of a text that carry meaning, in lower case and without their commonest English endings. */
export function meaningfulWords(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    // The one letter that is another at the end of a word.
    .replaceAll('ς', 'σ');
  // Without its vowel signs, which are marks, a word of an Indian script would be its single consonants.
  const words = spaced(plain).match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
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
