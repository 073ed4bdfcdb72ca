import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Chunk, ChunkOptions, PageText } from '../../activities/ports/documents.ts';
import { Chunker } from '../../activities/text/chunker.ts';
import type { TokenCounter } from '../../activities/text/tokens.ts';

/** Words and signs, as most tokenizers count them. */
const words: TokenCounter = {
  specialTokens: 2,
  additive: false,
  count: async (texts) => texts.map((text) => text.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)?.length ?? 0),
};
/** Says of itself that texts which meet at white space add up, and so is asked once for each sentence. */
const additive: TokenCounter = { ...words, additive: true };
/** Counts a whole as more than its parts, which byte-pair encodings may. */
const greedy: TokenCounter = {
  specialTokens: 1,
  additive: false,
  count: async (texts) => texts.map((text) => Math.floor(text.trim().length ** 1.05 / 4)),
};

async function cut(
  units: readonly PageText[],
  options: ChunkOptions,
  counter = words,
): Promise<readonly Chunk[]> {
  const chunker = new Chunker(options, counter);
  return [...(await chunker.push(units)), ...(await chunker.finish())];
}

const page = (index: number, text: string, section: readonly string[] = []): PageText => ({
  index,
  page: index + 1,
  section,
  text,
});
const section = (index: number, text: string, trail: readonly string[]): PageText => ({
  index,
  page: null,
  section: trail,
  text,
});
const bare = (text: string) => text.replace(/\s/g, '');

const word = fc.constantFrom(
  'the',
  'clock',
  'winds.',
  'Stop!',
  'x=(y)',
  'and',
  'then\n',
  'Why?',
  'z'.repeat(60),
  'q'.repeat(3000),
  '時計',
);
const unitText = fc.array(word, { maxLength: 60 }).map((list) => list.join(' '));

/** Numbers every word, so that each place of the text is unlike any other. */
function numbered(texts: readonly string[]): readonly string[] {
  let count = 0;
  return texts.map((text) => text.replace(/\S+/g, (found) => `${count++}${found}`));
}

const paged = fc
  .array(unitText, { maxLength: 12 })
  .map((texts) => numbered(texts).map((text, at) => page(at, text)));
const sectioned = fc
  .array(fc.tuple(unitText, fc.integer({ min: 0, max: 3 })), { maxLength: 12 })
  .map((list) =>
    numbered(list.map(([text]) => text)).map((text, at) => section(at, text, [`S${list[at]?.[1]}`])),
  );
const units = fc.oneof(paged, sectioned);
const options = fc.record({
  maxTokens: fc.integer({ min: 24, max: 120 }),
  overlapTokens: fc.integer({ min: 0, max: 10 }),
});
const counters = fc.constantFrom(words, additive, greedy);

describe('properties of chunks', () => {
  test('nothing of the text is lost, and only the end of a chunk is repeated', async () => {
    await fc.assert(
      fc.asyncProperty(units, options, counters, async (book, limits, counter) => {
        const whole = bare(book.map((unit) => unit.text).join(''));
        let [start, end] = [0, 0];
        for (const chunk of await cut(book, limits, counter)) {
          const text = bare(chunk.text);
          const at = whole.lastIndexOf(text, end);
          expect(at).toBeGreaterThanOrEqual(start);
          expect(at + text.length).toBeGreaterThan(end);
          [start, end] = [at, at + text.length];
        }
        expect(end).toBe(whole.length);
      }),
    );
  });

  test('no chunk is over its budget, and its count is the real one', async () => {
    await fc.assert(
      fc.asyncProperty(units, options, counters, async (book, limits, counter) => {
        for (const chunk of await cut(book, limits, counter)) {
          const [tokens = 0] = await counter.count([chunk.text]);
          expect(chunk.tokens).toBe(tokens + counter.specialTokens);
          expect(chunk.tokens).toBeLessThanOrEqual(limits.maxTokens);
          expect(chunk.text.trim()).not.toBe('');
        }
      }),
    );
  });

  test('ordinals have no gaps and pages never go back', async () => {
    await fc.assert(
      fc.asyncProperty(paged, options, async (book, limits) => {
        const chunks = await cut(book, limits);
        expect(chunks.map((chunk) => chunk.ordinal)).toEqual(chunks.map((_, at) => at));
        let last = { start: 1, end: 1 };
        for (const { page: pages } of chunks) {
          expect(pages).not.toBeNull();
          if (pages === null) continue;
          expect(pages.start).toBeGreaterThanOrEqual(last.start);
          expect(pages.end).toBeGreaterThanOrEqual(Math.max(last.end, pages.start));
          last = pages;
        }
      }),
    );
  });

  test('the same units give the same chunks, however they are handed over', async () => {
    await fc.assert(
      fc.asyncProperty(units, options, async (book, limits) => {
        const chunker = new Chunker(limits, words);
        const chunks: Chunk[] = [];
        for (const unit of book) chunks.push(...(await chunker.push([unit])));
        chunks.push(...(await chunker.finish()));
        expect(chunks).toEqual(await cut(book, limits));
      }),
    );
  });
});

describe('how chunks are cut', () => {
  const sentences = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => `Sentence number ${from + at} is here.`).join(' ');

  test('at the ends of sentences, with whole sentences repeated', async () => {
    const chunks = await cut([page(0, sentences(12))], { maxTokens: 32, overlapTokens: 8 });
    expect(chunks.length).toBeGreaterThan(2);
    for (const [at, chunk] of chunks.entries()) {
      expect(chunk.text).toMatch(/^Sentence number \d+ is here\..*is here\.$/);
      if (at > 0)
        expect(chunks[at - 1]?.text).toContain(/^Sentence number \d+/.exec(chunk.text)?.[0] ?? 'nothing');
    }
  });

  test('across pages of a PDF, with both page numbers', async () => {
    const chunks = await cut([page(4, 'The light went'), page(5, 'out at four. Nobody saw it.')], {
      maxTokens: 64,
      overlapTokens: 0,
    });
    expect(chunks).toEqual([
      {
        ordinal: 0,
        text: 'The light went out at four. Nobody saw it.',
        tokens: 13,
        page: { start: 5, end: 6 },
        section: [],
      },
    ]);
  });

  test('where the heading trail changes', async () => {
    const book = [section(0, sentences(6), ['One']), section(1, sentences(6, 6), ['Two'])];
    const chunks = await cut(book, { maxTokens: 100, overlapTokens: 10 });
    expect(chunks.map((chunk) => [chunk.section, chunk.text])).toEqual([
      [['One'], sentences(6)],
      [['Two'], sentences(6, 6)],
    ]);
  });

  test('a heading without text stays with what follows', async () => {
    const book = [section(0, 'Part', ['Part']), section(1, sentences(6), ['Part', 'One'])];
    const chunks = await cut(book, { maxTokens: 100, overlapTokens: 0 });
    expect(chunks).toHaveLength(1);
    expect(chunks[0]?.section).toEqual(['Part', 'One']);
    expect(chunks[0]?.text).toBe(`Part\n${sentences(6)}`);
  });

  test('a leftover joins the chunk before it', async () => {
    const full = Array.from({ length: 20 }, (_, at) => `word${at}`).join(' ');
    const chunks = await cut([page(0, `${full} ${full} ${full}.`), page(1, 'Fin.')], {
      maxTokens: 66,
      overlapTokens: 30,
    });
    expect(chunks.map((chunk) => chunk.text.slice(-4))).toEqual(['Fin.']);
  });

  test('a sentence longer than a chunk is cut between words, a word longer than a chunk inside', async () => {
    const long = Array.from({ length: 100 }, (_, at) => `word${at}`).join(' ');
    const chunks = await cut([page(0, long), page(1, 'ж'.repeat(2000))], { maxTokens: 34, overlapTokens: 0 });
    expect(bare(chunks.map((chunk) => chunk.text).join(''))).toBe(bare(long) + 'ж'.repeat(2000));
    for (const chunk of chunks) expect(chunk.text.length).toBeLessThanOrEqual(32 * 16);
  });

  test.each([
    [{ maxTokens: 5, overlapTokens: 0 }, 'maxTokens 5'],
    [{ maxTokens: 100, overlapTokens: 90 }, 'overlapTokens 90'],
    [{ maxTokens: Number.NaN, overlapTokens: 0 }, 'maxTokens NaN'],
    [{ maxTokens: 100, overlapTokens: -1 }, 'overlapTokens -1'],
  ])('options that leave no room for text are refused: %j', (limits, message) => {
    expect(() => new Chunker(limits, words)).toThrow(message);
  });
});
