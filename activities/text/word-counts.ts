import type { TokenCounter } from './tokens.ts';

/** About 5 MB. A book has some thousand different words, and a library in one language few more than ten books have. */
const MOST_WORDS = 50_000;
/** Longer ones hardly come twice: addresses, numbers, base64. */
const LONGEST_WORD = 32;
/** Only what every tokenizer takes for white space; what else parts two words is left to it. */
const WHITE_SPACE = /[ \t\n\r]+/;

/**
 * The same counts, for a counter that is additive, by words of which it sees each once: to look a word up takes a
 * hundredth of the time that its tokens take.
 */
export function countedByWords(counter: TokenCounter, mostWords = MOST_WORDS): TokenCounter {
  const kept = new Map<string, number>();
  return {
    additive: counter.additive,
    specialTokens: counter.specialTokens,
    async count(texts) {
      const tallies = texts.map((text) => tally(text.split(WHITE_SPACE), kept));
      const unknown = new Set(tallies.flatMap((text) => text.unknown));
      if (unknown.size === 0) return tallies.map(({ tokens }) => tokens);
      const found = new Map(await countsOf([...unknown], counter));
      for (const [word, tokens] of found) if (word.length <= LONGEST_WORD) kept.set(word, tokens);
      if (kept.size > mostWords) kept.clear();
      return tallies.map(({ tokens, unknown: words }) =>
        words.reduce((sum, word) => sum + (found.get(word) ?? Number.NaN), tokens),
      );
    },
  };
}

interface Tally {
  /** Of the words that are known. */
  readonly tokens: number;
  readonly unknown: readonly string[];
}

/** A book has tens of thousands of words: one look for each. */
function tally(words: readonly string[], kept: ReadonlyMap<string, number>): Tally {
  let tokens = 0;
  const unknown: string[] = [];
  for (const word of words) {
    if (word === '') continue;
    const known = kept.get(word);
    if (known === undefined) unknown.push(word);
    else tokens += known;
  }
  return { tokens, unknown };
}

async function countsOf(words: readonly string[], counter: TokenCounter): Promise<[string, number][]> {
  const counts = await counter.count(words);
  return words.map((word, at) => [word, counts[at] ?? Number.NaN]);
}
