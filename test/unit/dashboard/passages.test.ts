import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutAtCitations } from '../../../client/dashboard/text/citation-marks.ts';
import { byCode, withoutRemedy } from '../../../client/dashboard/text/failure.ts';
import { bookName, fileName, placeLabel } from '../../../client/dashboard/text/place.ts';
import { markWords } from '../../../client/dashboard/text/query-words.ts';
import { stageTimes } from '../../../client/dashboard/text/stage-times.ts';

describe('the words of a query', () => {
  const marked = (text: string, query: string): string[] =>
    markWords(text, query)
      .filter((piece) => piece.marked)
      .map((piece) => piece.text);

  test('are marked in any case, and with other endings', () => {
    expect(marked('Bees, a BEE, and the beekeeping of bees.', 'bees')).toEqual(['Bees', 'bees']);
    expect(marked('The lamps were lit; a lamp burned.', 'the lamp')).toEqual(['lamps', 'lamp']);
    expect(marked('The café was shut.', 'CAFE')).toEqual(['café']);
  });

  test('are not the words that stand everywhere, unless there are no others', () => {
    expect(marked('To be on the weir is what it is', 'What is on the weir?')).toEqual(['weir']);
    expect(marked('To be or not', 'to be')).toEqual(['To', 'be']);
  });

  test('leave the text as it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, query) => {
        expect(
          markWords(text, query)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});

describe('an answer', () => {
  test('is cut at its citations', () => {
    expect(cutAtCitations('It stands [1], and moves [2, 3].', new Set([1, 2, 3]))).toEqual([
      { kind: 'text', text: 'It stands ' },
      { kind: 'citation', n: 1 },
      { kind: 'text', text: ', and moves ' },
      { kind: 'citation', n: 2 },
      { kind: 'citation', n: 3 },
      { kind: 'text', text: '.' },
    ]);
  });

  test('keeps numbers in brackets that are none', () => {
    expect(cutAtCitations('In [1888] and [4]', new Set([1]))).toEqual([
      { kind: 'text', text: 'In [1888] and [4]' },
    ]);
  });
});

describe('a place', () => {
  test('is a page, pages, a section or both', () => {
    expect(placeLabel({ page: { start: 5, end: 5 }, section: [] })).toBe('page 5');
    expect(placeLabel({ page: { start: 5, end: 6 }, section: ['Winding', 'Sundays'] })).toBe(
      'pages 5–6 · Winding › Sundays',
    );
    expect(placeLabel({ page: null, section: [] })).toBe('');
  });

  test('is a book by its title, or its file', () => {
    expect(bookName({ title: ' ', path: '/srv/books/a.pdf' })).toBe('a.pdf');
    expect(bookName({ title: 'Lights', path: '/srv/a.pdf' })).toBe('Lights');
    expect(['C:\\Books\\b.epub', '/srv/books/', 'c.txt'].map(fileName)).toEqual(['b.epub', 'books', 'c.txt']);
  });
});

describe('failures', () => {
  test('are told without the remedy that is told beside them', () => {
    expect(withoutRemedy('It has no text. Scan it.', 'Scan it.')).toBe('It has no text.');
    expect(withoutRemedy('Scan it.', 'Scan it.')).toBe('Scan it.');
    expect(withoutRemedy('It is gone.', '')).toBe('It is gone.');
  });

  test('are gathered by code, the most frequent first', () => {
    const failed = ['B', 'A', 'B'].map((code) => ({ failure: { code }, remedy: `mend ${code}` }));
    expect(byCode(failed).map(({ code, remedy, books }) => [code, remedy, books.length])).toEqual([
      ['B', 'mend B', 2],
      ['A', 'mend A', 1],
    ]);
  });
});

describe('the times of stages', () => {
  test('follow each other, the longest first, and the rest is left empty', () => {
    expect(stageTimes({ embed: 10, search: 30, cache: 0 }, 80)).toEqual([
      { stage: 'search', ms: 30, from: 0, share: 0.375 },
      { stage: 'embed', ms: 10, from: 0.375, share: 0.125 },
    ]);
  });

  test('never go beyond the whole', () => {
    const times = stageTimes({ dense: 60, lexical: 60 }, 80);
    expect(times.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(stageTimes({}, 0)).toEqual([]);
  });
});
