import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { passageWords, questionWords } from '../../activities/adapters/qdrant/word-vectors.ts';
import { wordsOf } from '../../activities/text/words.ts';

describe('the words of a text', () => {
  test.each([
    ['Two LAMPS, a lamp.', ['two', 'lamp', 'lamp']],
    ['Crème brûlée', ['crem', 'brule']],
    ['', []],
    ['the of and', []],
    [`see ${'x'.repeat(41)}`, ['see']],
  ])('%j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test('of a script without spaces are cut', () => {
    expect(wordsOf('日本語のテキスト').length).toBeGreaterThan(1);
  });
});

describe('a sparse vector', () => {
  test('has each index once, with a weight above zero, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        for (const { indices, values } of [passageWords(text), questionWords(text)]) {
          expect(new Set(indices).size).toBe(indices.length);
          expect(values).toHaveLength(indices.length);
          expect(values.every((value) => value > 0 && value < 3)).toBe(true);
          expect(indices.every((index) => Number.isInteger(index) && index >= 0 && index < 2 ** 32)).toBe(
            true,
          );
        }
      }),
    );
  });

  test('grows with repetition, ever less, and falls with length', () => {
    const weight = (text: string): number => passageWords(text).values[0] ?? 0;
    const [once, twice, thrice] = [weight('lamp'), weight('lamp lamp'), weight('lamp lamp lamp')];
    expect(twice).toBeGreaterThan(once);
    expect(thrice - twice).toBeLessThan(twice - once);
    expect(weight(`lamp ${'shore '.repeat(200)}`)).toBeLessThan(once);
  });

  test('of a question counts a word once, under the index of the passage', () => {
    expect(questionWords('lamp lamps')).toEqual({ indices: passageWords('LAMP').indices, values: [1] });
  });
});
