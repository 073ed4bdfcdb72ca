import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutAt } from '../../../client/dashboard/text/marked.ts';
import { findQuote } from '../../../client/dashboard/text/quote.ts';

function found(page: string, quote: string): string | null {
  const at = findQuote(page, quote);
  return at && page.slice(at.start, at.end);
}

describe('a quote is found', () => {
  test('as it stands', () => {
    expect(found('The bath holds 330 kilograms of mercury.', 'holds 330 kilograms')).toBe(
      'holds 330 kilograms',
    );
  });

  test('across other white space and line breaks', () => {
    expect(found('She wound\n  the\tclock\u00a0daily.', 'wound the clock daily')).toBe(
      'wound\n  the\tclock\u00a0daily',
    );
  });

  test('across a word that is broken at the end of a line', () => {
    expect(found('the light-\nhouse stands on rails', 'the lighthouse stands')).toBe(
      'the light-\nhouse stands',
    );
    expect(found('the light\u00adhouse stands', 'lighthouse')).toBe('light\u00adhouse');
    expect(found('the lighthouse stands', 'light-\nhouse')).toBe('lighthouse');
  });

  test('with other quotation marks, ligatures, accents and case', () => {
    expect(found('He said: “The ﬁrst café”.', 'the first cafe\u0301"')).toBe('The ﬁrst café”');
  });

  test('in its part that is on this page', () => {
    const quote = 'The keeper climbed the stair and lit the lamp at dusk.';
    expect(found('It was late. The keeper climbed the', quote)).toBe('The keeper climbed the');
    expect(found('stair and lit the lamp at dusk. Then he slept.', quote)).toBe(
      'stair and lit the lamp at dusk.',
    );
  });

  test('beside letters of two units', () => {
    expect(found('🦉🦉 the owl 🦉 sleeps 𝔞', 'owl 🦉 SLEEPS a')).toBe('owl 🦉 sleeps 𝔞');
  });

  test('never where it is not', () => {
    expect(findQuote('The owl sleeps.', 'A heron stood on the weir.')).toBeNull();
    expect(findQuote('It ends with the', 'the heron stood on the weir')).toBeNull();
    expect(findQuote('Anything', ' \n- ')).toBeNull();
    expect(findQuote('', 'a heron')).toBeNull();
  });

  test('wherever it is cut out of a page', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (before, after) => {
        const quote = 'seven herons stood upon the weir';
        expect(found(`${before} ${quote} ${after}`, quote)).toContain('herons');
      }),
    );
  });
});

test('a text that is cut is whole when it is joined', () => {
  expect(
    cutAt('abcdef', [
      { start: 1, end: 2 },
      { start: 4, end: 6 },
    ]),
  ).toEqual([
    { text: 'a', marked: false },
    { text: 'b', marked: true },
    { text: 'cd', marked: false },
    { text: 'ef', marked: true },
  ]);
});
