import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkMarks, claimsOf } from '../../activities/adapters/answers/citation-marks.ts';

describe('the marks of an answer', () => {
  test.each([
    ['The lamp was lit [1].', 'The lamp was lit [1].', [1], []],
    ['Lit [2], and put out [1].', 'Lit [2], and put out [1].', [2, 1], []],
    ['Lit [1, 2] and [2][3].', 'Lit [1, 2] and [2][3].', [1, 2, 3], []],
    ['Lit [1,2].', 'Lit [1, 2].', [1, 2], []],
    ['Lit [4].', 'Lit.', [], [4]],
    ['Lit [0] by day [99].', 'Lit by day.', [], [0, 99]],
    ['Lit [1, 7].', 'Lit [1].', [1], [7]],
    ['Lit [3, 3] twice [3].', 'Lit [3] twice [3].', [3], []],
    ['Lit [9][1] then [8][9], so [7] [2].', 'Lit [1] then, so [2].', [1, 2], [9, 8, 7]],
    ['Est-ce vrai ? Oui ... [1]', 'Est-ce vrai ? Oui ... [1]', [1], []],
    ['No mark at all.', 'No mark at all.', [], []],
    ['In [1984] a book.', 'In [1984] a book.', [], []],
    ['a[i] and [ 1 ] and [x]', 'a[i] and [1] and [x]', [1], []],
  ])('%j is %j, citing %j and dropping %j', (answer, text, cited, dropped) => {
    expect(checkMarks(answer, 3)).toEqual({ text, cited, dropped });
  });

  test('cite passages that exist, whatever the model wrote, and checking again changes nothing', () => {
    const piece = fc.oneof(
      fc.constantFrom('Lit', '.', ' ', '[', ']', ',', '\n'),
      fc.integer({ min: 0, max: 12 }).map((n) => `[${n}]`),
    );
    const answer = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(answer, fc.nat(8), (written, passages) => {
        const { text, cited, dropped } = checkMarks(written, passages);
        expect(cited.every((n) => n >= 1 && n <= passages)).toBe(true);
        expect(dropped.some((n) => n >= 1 && n <= passages)).toBe(false);
        expect(new Set(cited).size).toBe(cited.length);
        expect(checkMarks(text, passages)).toEqual({ text, cited, dropped: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('what an answer claims of a passage', () => {
  const answer =
    'The lamp was lit in May [1]. The bell was cast in June [2]! It rang [1, 2]. Nobody knows why.';

  test('are the sentences that carry its mark, without marks', () => {
    expect(claimsOf(answer, 1)).toMatch(/^The lamp was lit in May *\. It rang *\.$/);
    expect(claimsOf(answer, 2)).toMatch(/^The bell was cast in June *! It rang *\.$/);
  });

  test('is all of it when no sentence carries the mark', () => {
    expect(claimsOf('A lamp. A bell.', 3)).toBe('A lamp. A bell.');
  });

  test('are not those of a number that begins alike', () => {
    expect(claimsOf('One [1]. Twelve [12].', 1)).not.toContain('Twelve');
  });
});
