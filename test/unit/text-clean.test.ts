import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanText, oneLine } from '../../activities/text/clean.ts';
import { pageLines, pageText } from '../../activities/text/page-text.ts';
import { countLetters, hasText, isBinary } from '../../activities/text/quality.ts';
import { reflow } from '../../activities/text/reflow.ts';
import { withoutRunningHeads } from '../../activities/text/running-heads.ts';

const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '');
const anyText = fc.string({ unit: 'binary', maxLength: 300 });

describe('cleanText', () => {
  test.each([
    ['ligatures become letters', 'of\uFB01ce \uFB02ow e\uFB00ect', 'office flow effect'],
    ['soft hyphens go, with the line break after them', 'ex\u00ADam\u00AD\n  ple', 'example'],
    ['PDFium marks a hyphen at the end of a line', 'state\uFFFEment', 'statement'],
    ['control characters go', 'a\u0000b\u0007c\u009Fd', 'abcd'],
    ['spaces of any width become one kind', 'a\u00A0b\u2003c\u202Fd', 'a b c d'],
    ['line ends become line feeds', 'a\r\nb\rc\u2028d', 'a\nb\nc\nd'],
    ['superscripts stay what they are', 'x² is ½ of it', 'x² is ½ of it'],
    ['accents are composed', 'cafe\u0301', 'café'],
    ['halves of characters become the replacement character', 'a\uD800b', 'a\uFFFDb'],
    ['indentation stays, space at line ends goes', 'if x:  \n    y\t\n', 'if x:\n    y\n'],
    ['blank lines are one', 'a\n\n\n\nb', 'a\n\nb'],
  ])('%s', (_, raw, clean) => {
    expect(cleanText(raw)).toBe(clean);
  });

  test('cleaning clean text changes nothing', () => {
    fc.assert(fc.property(anyText, (text) => cleanText(cleanText(text)) === cleanText(text)));
  });

  test('oneLine has no line breaks and no double spaces', () => {
    fc.assert(fc.property(anyText, (text) => !/\n| {2}|^ | $/.test(oneLine(text))));
  });
});

describe('a text of an odd shape is gone through once', () => {
  test.each([
    ['a run of spaces', () => cleanText(`a${' '.repeat(400_000)}b`), /^a\s+b$/],
    [
      'one paragraph of a number',
      () => reflow(`${'3141592653'.repeat(7)}1\n`.repeat(60_000)),
      /^(?:(?:3141592653){7}1\s?){60000}$/,
    ],
  ])('%s', (_, work, whole) => {
    const startedMs = performance.now();
    expect(whole.test(work())).toBe(true);
    // By the square of its length it took minutes.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});

describe('reflow', () => {
  const prose = [
    'The keeper of the light goes up the stairs at four, and from then',
    'until the morning he does not come down again, because the clock-',
    'work that turns the lens has to be wound every forty minutes and',
    'nobody else on the rock knows how.',
  ];

  test('joins the lines of a paragraph and the words that were cut', () => {
    expect(reflow(prose.join('\n'))).toBe(
      'The keeper of the light goes up the stairs at four, and from then until the morning he does not come down ' +
        'again, because the clockwork that turns the lens has to be wound every forty minutes and nobody else on the ' +
        'rock knows how.',
    );
  });

  test('keeps the hyphen of a compound', () => {
    const lines = [
      'It was understood by everybody who worked there that the self-',
      'winding clock was never to be touched.',
    ];
    expect(reflow(lines.join('\n'))).toContain('the self-winding clock');
  });

  test('looks at a word over all the lines that it was cut at', () => {
    const long = 'It was understood by everybody who worked there that the inter-';
    expect(
      reflow([long, 'self-', 'ish clock was never to be touched by anybody at all.'].join('\n')),
    ).toContain('the interselfish clock');
  });

  test('keeps the lines of code, lists and headings', () => {
    const lines = [
      '2.1 Winding',
      'const turns = count(weight, drop) + 1;',
      'while (turns > 0) { turns--; }',
      '• first the going train',
      '• then the striking train',
    ];
    expect(reflow(lines.join('\n'))).toBe(lines.join('\n'));
  });

  test('keeps the lines of a poem, which are short', () => {
    const poem = 'Tyger Tyger, burning\nbright in the forests\nof the night';
    expect(reflow(poem)).toBe(poem);
  });

  test('loses no letter', () => {
    const line = fc.string({ unit: fc.constantFrom(...'abcXYZ -.,({;'), maxLength: 80 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const text = lines.join('\n');
        expect(letters(reflow(text))).toBe(letters(text));
      }),
    );
  });
});

describe('running heads', () => {
  const body = (page: number) => [
    `Text number ${'abcdefgh'[page]} begins here`,
    `and it ends there ${'ijklmnop'[page]}`,
  ];
  const around = (page: number, make: (page: number) => readonly string[]) =>
    new Map(
      [-4, -3, -2, -1, 1, 2, 3, 4]
        .filter((at) => page + at >= 0 && page + at < 8)
        .map((at) => [at, make(page + at)]),
    );

  test('page numbers that count on go, with the head beside them', () => {
    const make = (page: number) =>
      page % 2 === 0
        ? [`${page + 41} The Book`, ...body(page)]
        : [`Chapter ${'stuv'[page >> 1]} ${page + 41}`, ...body(page)];
    expect(withoutRunningHeads(make(3), around(3, make))).toEqual(body(3));
  });

  test('Roman page numbers at the foot go', () => {
    const make = (page: number) => [
      ...body(page),
      ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii'][page] ?? '',
    ];
    expect(withoutRunningHeads(make(4), around(4, make))).toEqual(body(4));
  });

  test('the number at the foot of the first page of a chapter goes, where the others have it at the head', () => {
    const make = (page: number) =>
      page === 3 ? [...body(3), '44'] : [`${page + 41} The Book`, ...body(page)];
    expect(withoutRunningHeads(make(3), around(3, make))).toEqual(body(3));
  });

  test('words that repeat on most pages go', () => {
    const make = (page: number) => ['The Lights of Saint Orrin', ...body(page), `Page ${page * 7} of 90`];
    expect(withoutRunningHeads(make(2), around(2, make))).toEqual(body(2));
  });

  test('a number that does not count on is text', () => {
    const make = (page: number) => [...body(page), `${page * page * 3 + 5}`];
    expect(withoutRunningHeads(make(4), around(4, make))).toEqual(make(4));
  });

  test('a page of one line that only its number tells from the others keeps it', () => {
    const make = (page: number) => [`This is page ${page + 1} of the book.`, 'Same everywhere'];
    expect(withoutRunningHeads(make(3), around(3, make))).toEqual(['This is page 4 of the book.']);
  });

  test('one page alone keeps all it has', () => {
    expect(withoutRunningHeads(['1', 'Title', 'text', '1'], new Map())).toEqual(['1', 'Title', 'text', '1']);
  });

  test('a page of text comes out readable', () => {
    const make = (page: number) =>
      pageLines(
        `${page + 1}\r\nThe ${body(page)[0]}\r\nWinding . . . . . . . . . 4\r\n${body(page)[1]}.\r\n`,
      );
    expect(pageText(make(3), around(3, make))).toBe(`The ${body(3)[0]}\nWinding … 4\n${body(3)[1]}.`);
  });
});

describe('quality', () => {
  test('a scan has a few characters a page, a short text has a few words', () => {
    expect(hasText(countLetters('Page 1'), 1, true)).toBe(false);
    expect(hasText(400, 300, true)).toBe(false);
    expect(hasText(countLetters('The first page.'), 1, true)).toBe(true);
    expect(hasText(countLetters('Olá'), 1, false)).toBe(true);
    expect(hasText(countLetters('… 12 —'), 1, false)).toBe(false);
  });

  test('letters of every script are counted, and half a character is none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyText, fc.constantFrom('Straße', 'книга', '本𠮷', '𝒜', '\uD835', 'é'))),
        (texts) => {
          const text = texts.join('');
          expect(countLetters(text)).toBe(text.match(/\p{L}/gu)?.length ?? 0);
        },
      ),
    );
  });

  test('text of any charset is no binary, random bytes are', () => {
    expect(isBinary(Buffer.from('Grüße, 本, кни́га\r\n\tend\f', 'utf8'))).toBe(false);
    expect(isBinary(Buffer.from('caf\xe9 \x93quoted\x94', 'latin1'))).toBe(false);
    expect(isBinary(Buffer.from(Array.from({ length: 2000 }, (_, at) => (at * 7919 + 13) % 251)))).toBe(true);
  });
});
