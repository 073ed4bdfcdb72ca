import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExtractiveAnswers, NOTHING_FOUND } from '../../activities/adapters/answers/extractive.ts';
import { bestQuotes } from '../../activities/adapters/answers/quoting.ts';
import { isVerbatim, LIGHTS, library, passage, prose } from '../helpers/passages.ts';

describe('a quote', () => {
  test('stands in its passage word for word, whole characters only, and is not long', () => {
    fc.assert(
      fc.property(prose, library, (question, passages) => {
        const quotes = bestQuotes(question, passages);
        expect(quotes.map(({ n }) => n)).toEqual(passages.map(({ n }) => n));
        for (const [index, { quote, weight }] of quotes.entries()) {
          const { text } = passages[index] ?? passage(0, '');
          expect(text).toContain(quote);
          expect(quote.isWellFormed()).toBe(true);
          expect(quote.length).toBeLessThanOrEqual(400);
          expect(weight).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is of every passage that says anything, be it in numbers', () => {
    expect(bestQuotes('Who?', [passage(1, '12.5 7.25'), passage(2, '—')]).map(({ quote }) => quote)).toEqual([
      '12.5 7.25',
      '—',
    ]);
    expect(bestQuotes('Who?', [passage(1, ' \n ')])).toEqual([{ n: 1, quote: '', weight: 0 }]);
  });

  test('is the sentence that has most in common with the question, and the next where it fits', () => {
    const [first] = bestQuotes('Who lit the north lamp?', LIGHTS);
    expect(first?.quote).toBe('He lit the north lamp at dusk. The sea was calm.');
    const [alone] = bestQuotes('lamp', [passage(1, `The lamp. A ${'word '.repeat(100)}end.`)]);
    expect(alone?.quote).toBe('The lamp.');
  });

  test('too long to quote is cut between words', () => {
    const [quote] = bestQuotes('lamp', [passage(1, `The lamp ${'burned '.repeat(100)}out.`)]);
    expect(quote?.quote).toMatch(/^The lamp( burned)+$/);
  });
});

describe('an extractive answer', () => {
  const model = new ExtractiveAnswers();

  test('quotes and cites the passages that fit the question best', async () => {
    const { answer, citations, mode, droppedCitations } = await model.answer(
      'Who lit the north lamp?',
      LIGHTS,
    );
    expect(answer.split('\n')[0]).toBe('“He lit the north lamp at dusk. The sea was calm.” [1]');
    expect(citations.map(({ n }) => n)).not.toContain(2);
    expect({ mode, droppedCitations }).toEqual({ mode: 'extractive', droppedCitations: [] });
  });

  test('declines when there is no passage', async () => {
    expect(await model.answer('Who?', [])).toEqual({
      answer: NOTHING_FOUND,
      citations: [],
      droppedCitations: [],
      mode: 'extractive',
    });
  });

  test.each([
    ['shares few words with it and is far from it', 'Who painted the north wall of the chapel?', 0.39, false],
    ['is near to it, by few words', 'Who painted the north wall of the chapel?', 0.4, true],
    ['shares most words with it, however far', 'Who lit the north lamp there?', null, true],
    ['shares no word with it, however near', 'Which composer wrote operas?', 0.9, false],
  ])('where the best passage %s', async (_, question, nearest, answers) => {
    const { answer, citations } = await model.answer(question, LIGHTS, { nearest });
    expect(answer === NOTHING_FOUND).toBe(!answers);
    expect(citations.length > 0).toBe(answers);
  });

  test.each([
    ['日本の首都はどこですか？', '日本の首都は東京である。人口は多い。', '東京'],
    ['中国的首都是哪里？', '北京是中国的首都。城市很大。', '北京'],
    ['เมืองหลวงของประเทศไทยคืออะไร', 'กรุงเทพเป็นเมืองหลวงของประเทศไทย', 'กรุงเทพ'],
    ['हिन्दी भाषा कहाँ बोली जाती है?', 'हिन्दी भाषा उत्तर भारत में बोली जाती है। यह लोकप्रिय है।', 'उत्तर भारत'],
  ])('is given in any script: %s', async (question, text, told) => {
    const passages = [passage(1, text), passage(2, '灯台は海を照らす。灯塔照亮大海。')];
    const { answer, citations } = await model.answer(question, passages, { nearest: 0.9 });
    expect(answer).toContain(told);
    expect(citations[0]?.n).toBe(1);
    const of = await model.answer(question, passages.slice(1), { nearest: 0.9 });
    expect(of.answer).toBe(NOTHING_FOUND);
  });

  test('declines when the passages are blank', async () => {
    expect(await model.answer('Who?', [passage(1, ' \n ')])).toMatchObject({
      answer: NOTHING_FOUND,
      citations: [],
    });
  });

  test('cites existing passages only, each with words that stand in it', async () => {
    await fc.assert(
      fc.asyncProperty(prose, library, async (question, passages) => {
        const written = await model.answer(question, passages);
        expect(isVerbatim(written, passages)).toBe(true);
        for (const { n } of written.citations) expect(written.answer).toContain(`[${n}]`);
        expect(written.answer).not.toContain('“”');
      }),
    );
  });

  test('is one line a quote, however many the passage has', async () => {
    const { answer } = await model.answer('lamp', [passage(1, 'The\nnorth\r\n\tlamp.')]);
    expect(answer.split('\n')).toHaveLength(1);
  });
});
