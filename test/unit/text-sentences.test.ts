import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { headingLevel, UnderlinedHeadings } from '../../activities/text/plain-headings.ts';
import { HeadingTrail, sectionUnits, UNIT_CHARACTERS } from '../../activities/text/sections.ts';
import { splitSentences } from '../../activities/text/sentences.ts';

describe('splitSentences', () => {
  test.each([
    ['plain', ['It rained. ', 'Nobody came! ', 'Why?']],
    ['abbreviations and initials', ['See Fig. 3 and e.g. the book by J. R. Tolkien. ', 'Dr. Who agreed.']],
    ['quotations', ['He said “Go.” ', 'And she went.']],
    ['names with a dot', ['Use the .C, .Call and .External functions. ', 'They differ.']],
    ['numbers and versions', ['Version 4.2.2 costs 3.50. ', 'It is new.']],
    ['lines of code', ['x <- f(a);\n', 'y <- g(x)\n\n', 'Done.']],
  ])('%s', (_, sentences) => {
    expect(splitSentences(sentences.join(''))).toEqual(sentences);
  });

  test('put together, sentences are the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        (text) => splitSentences(text).join('') === text,
      ),
    );
  });

  test('a thousand initials take no quadratic time', () => {
    expect(splitSentences('A. '.repeat(20_000)).join('')).toHaveLength(60_000);
  });
});

describe('headings of plain text', () => {
  test.each([
    ['PART ONE', 1],
    ['CHAPTER IV', 2],
    ['Chapter 12: The Widow', 2],
    ['1. Winding', 2],
    ['2.3 Striking train', 3],
    ['THE LIGHTS OF SAINT ORRIN', 3],
    ['Preface', 2],
    ['He wound the clock.', null],
    ['1. He wound the clock.', null],
    ['12 barrels of oil', null],
    ['', null],
  ])('%s', (line, level) => {
    expect(headingLevel(line)).toBe(level);
  });

  test('underlines make levels in the order of their first use', () => {
    const headings = new UnderlinedHeadings();
    expect(headings.level('Book', '====')).toBe(2);
    expect(headings.level('Section', '-------')).toBe(3);
    expect(headings.level('Another', '=======')).toBe(2);
    expect(headings.level('A long line of text above a short rule', '---')).toBe(null);
    expect(headings.level('', '=====')).toBe(null);
  });

  test('a heading closes its own level and deeper', () => {
    const trail = new HeadingTrail();
    const after = [
      [1, 'One'],
      [3, 'One C'],
      [2, 'One B'],
      [2, 'One D'],
      [1, 'Two'],
    ] as const;
    const trails = after.map(([level, title]) => {
      trail.enter(level, title);
      return trail.titles.join(' > ');
    });
    expect(trails).toEqual(['One', 'One > One C', 'One > One B', 'One > One D', 'Two']);
  });
});

describe('units of a format without pages', () => {
  const words = fc.array(fc.constantFrom('word', 'sentence.', 'end.\n\n', 'x'.repeat(500), '𝕏'), {
    minLength: 1,
    maxLength: 20,
  });

  test('long sections are cut, and nothing of them is lost', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 400 }), (some, times) => {
        const text = Array.from({ length: times }, () => some.join(' ')).join(' ');
        const units = sectionUnits([{ trail: ['A'], text }]);
        expect(units.map((unit) => unit.text).join('')).toBe(text);
        for (const unit of units) expect(unit.text.length).toBeLessThanOrEqual(UNIT_CHARACTERS);
        for (const unit of units) expect(unit.text.isWellFormed()).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('blank sections are left out', () => {
    expect(sectionUnits([{ trail: [], text: ' \n' }])).toEqual([]);
  });
});
