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
      const words = texts.map((text) => text.split(WHITE_SPACE).filter(Boolean));
      const known = new Map<string, number>();
      const unknown = new Set<string>();
      for (const word of words.flat()) {
        const tokens = kept.get(word);
        if (tokens === undefined) unknown.add(word);
        else known.set(word, tokens);
      }
      if (unknown.size > 0)
        for (const [word, tokens] of await countsOf([...unknown], counter)) {
          known.set(word, tokens);
          if (word.length <= LONGEST_WORD) kept.set(word, tokens);
        }
      if (kept.size > mostWords) kept.clear();
      return words.map((own) => own.reduce((sum, word) => sum + (known.get(word) ?? Number.NaN), 0));
    },
  };
}

async function countsOf(words: readonly string[], counter: TokenCounter): Promise<[string, number][]> {
  const counts = await counter.count(words);
  return words.map((word, at) => [word, counts[at] ?? Number.NaN]);
}
