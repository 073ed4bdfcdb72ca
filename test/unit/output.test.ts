import { describe, expect, jest, test } from '@jest/globals';
import { ScriptoriumError } from '../../activities/errors.ts';
import { duration, printError } from '../../client/cli/output.ts';
import { placeText } from '../../client/cli/place.ts';

describe('a time in words', () => {
  test.each([
    [0, '0.0 s'],
    [3.14, '3.1 s'],
    [10.4, '10 s'],
    [42.4, '42 s'],
    [59.4, '59 s'],
    [59.7, '1 min 0 s'],
    [60, '1 min 0 s'],
    [119.8, '2 min 0 s'],
    [125, '2 min 5 s'],
    [3_599.9, '1 h 0 min'],
    [3_600, '1 h 0 min'],
    [7_384, '2 h 3 min'],
    [90_000, '25 h 0 min'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe('a place in a book', () => {
  const place = { title: 'The Marsh', author: null, page: null, section: [] };

  test.each([
    [place, 'The Marsh'],
    [{ ...place, author: 'A. Reed' }, 'The Marsh (A. Reed)'],
    [{ ...place, page: { start: 3, end: 3 } }, 'The Marsh, page 3'],
    [{ ...place, page: { start: 3, end: 4 } }, 'The Marsh, pages 3–4'],
    [{ ...place, section: ['One', 'Birds'] }, 'The Marsh, One › Birds'],
  ])('%#: is %2$s', (given, text) => {
    expect(placeText(given)).toBe(text);
  });

  test('shows no control character of a title', () => {
    expect(placeText({ ...place, title: 'a\u001b[2Jb\nc\u0000\u202e' })).toBe(
      'a\u{fffd}[2Jb c\u{fffd}\u{fffd}',
    );
  });
});

test('an error is one line without control characters, and its stack is without them as well', () => {
  const said: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  try {
    const cause = Object.assign(new Error('x'), { stack: 'one\u001b[2J\ntwo\u0007' });
    printError(new ScriptoriumError('CORRUPT_FILE', 'evil\u001b[31m\nname.pdf is torn', { cause }), true);
  } finally {
    write.mockRestore();
  }
  const [first, ...stack] = said;
  expect(first).toMatch(/^scriptorium: CORRUPT_FILE: evil\u{fffd}\[31m name\.pdf is torn\. .*\n$/u);
  expect(stack).toEqual(['one\u{fffd}[2J\n', 'two\u{fffd}\n']);
});
