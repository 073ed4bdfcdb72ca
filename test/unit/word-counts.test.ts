import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { countedByWords } from '../../activities/text/word-counts.ts';

/** A token for each letter that stands in no white space. */
const lettersOf = (texts: readonly string[]): number[] =>
  texts.map((text) => text.replace(/[ \t\n\r]/g, '').length);

function counterOf(mostWords?: number) {
  const count = jest.fn(async (texts: readonly string[]) => lettersOf(texts));
  return { count, counter: countedByWords({ additive: true, specialTokens: 2, count }, mostWords) };
}

describe('texts that are counted by words', () => {
  test.each([1, 3, undefined])(
    'have the counts that they have whole, with room for %p words',
    async (room) => {
      const { counter } = counterOf(room);
      const word = fc.constantFrom('a', 'bee', 'see', 'd', 'x'.repeat(40), 'constructor', '');
      const text = fc
        .array(fc.tuple(word, fc.constantFrom(' ', '\n', '\t ', '\r\n')))
        .map((parts) => parts.flat().join(''));
      await fc.assert(
        fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
          expect(await counter.count(texts)).toEqual(lettersOf(texts));
        }),
      );
    },
  );

  test('show each word to the tokenizer once', async () => {
    const { counter, count } = counterOf();
    await counter.count(['the bee and the sea', ' the\nsea\t']);
    await counter.count(['the sea', '', ' \n']);
    expect(count.mock.calls).toEqual([[['the', 'bee', 'and', 'sea']]]);
  });

  test('leave out of the memory what is long', async () => {
    const { counter, count } = counterOf();
    const long = 'x'.repeat(33);
    expect(await counter.count([`${long} a`])).toEqual([34]);
    expect(await counter.count([`${long} a`])).toEqual([34]);
    expect(count.mock.calls).toEqual([[[long, 'a']], [[long]]]);
  });

  test('begin again when there are too many words', async () => {
    const { counter, count } = counterOf(2);
    await counter.count(['a b c']);
    await counter.count(['a']);
    expect(count.mock.calls).toEqual([[['a', 'b', 'c']], [['a']]]);
  });
});
