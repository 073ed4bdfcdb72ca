import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { meaningfulWords, sharedWeight, wordWeights } from '../../activities/text/overlap.ts';

describe('the meaningful words of a text', () => {
  test('leave out those that every question has', () => {
    expect(meaningfulWords('Who was it that kept the north lamp?')).toEqual(['kept', 'north', 'lamp']);
    expect(meaningfulWords('What is it? How do they?')).toEqual([]);
  });

  test.each([
    ['lamp', 'lamps'],
    ['call', 'calling'],
    ['call', 'called'],
    ['story', 'stories'],
    ['bee', 'bees'],
    ['rope', 'ropes'],
    ['horse', 'horses'],
    ['move', 'moved'],
    ['box', 'boxes'],
    ['glass', 'glasses'],
    ['LAMP', 'lamp'],
    ['ﬁle', 'files'],
    ['Café', 'Cafe\u0301'],
  ])('let %s meet %s', (a, b) => {
    expect(meaningfulWords(a)).toEqual(meaningfulWords(b));
  });

  test.each([
    ['glass', 'glas'],
    ['moss', 'mos'],
    ['1999', '199'],
    ['bus', 'but'],
  ])('keep %s from %s', (a, b) => {
    expect(meaningfulWords(a)).not.toEqual(meaningfulWords(b));
  });

  test('are found in every script, and signs are none', () => {
    expect(meaningfulWords('図書館 — Маяк! 42 %')).toEqual(['図書館', 'маяк', '42']);
    expect(meaningfulWords('हिन्दी भाषा')).toEqual(['हिन्दी', 'भाषा']);
  });

  test.each([
    ['Japanese', '日本の首都はどこですか？', '日本の首都は東京である。', ['日本', '首都']],
    ['Chinese', '灯塔是什么时候建成的？', '灯塔建成于1850年。', ['灯塔', '建成']],
    ['Thai', 'เมืองหลวงของประเทศไทยคืออะไร', 'กรุงเทพเป็นเมืองหลวงของประเทศไทย', ['เมือง', 'หลวง', 'ประเทศไทย']],
  ])('are found where no spaces are between them: %s', (_, question, text, common) => {
    const told = new Set(meaningfulWords(text));
    expect(meaningfulWords(question).filter((word) => told.has(word))).toEqual(common);
    expect(meaningfulWords(question)).toEqual(common);
  });

  test.each(['Ϲ', 'ΟΔΟΣ', 'Straße', 'ΣΑΣ'])('are the same in any case: %s', (word) => {
    expect(meaningfulWords(word.toLowerCase())).toEqual(meaningfulWords(word));
  });

  test('are never empty, and are the same in any case', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(meaningfulWords(text)).not.toContain('');
        expect(meaningfulWords(text.toLowerCase())).toEqual(meaningfulWords(text));
      }),
    );
  });
});

describe('the weight of a word', () => {
  test('is the higher, the fewer texts hold it, and is positive even where all do', () => {
    const weightOf = wordWeights(['a lamp and a bell', 'a lamp and a rope', 'a lamp']);
    expect(weightOf('bell')).toBeGreaterThan(weightOf('lamp'));
    expect(weightOf('anchor')).toBeGreaterThan(weightOf('bell'));
    expect(weightOf('lamp')).toBeGreaterThan(0);
  });

  test('counts a text once, however often it says the word', () => {
    expect(wordWeights(['lamp lamp lamp', 'rope'])('lamp')).toBe(wordWeights(['lamp', 'rope'])('lamp'));
  });
});

describe('what a text shares with a question', () => {
  const weightOf = (word: string): number => word.length;

  test('is the sum over the question’s words that it holds, each once', () => {
    expect(sharedWeight(new Set(['lamp', 'bell']), 'Lamps, lamps, and a lamp!', weightOf)).toBe(4);
    expect(sharedWeight(new Set(['lamp', 'bell']), 'The bell by the lamp.', weightOf)).toBe(8);
    expect(sharedWeight(new Set(['lamp']), 'Nothing of the kind.', weightOf)).toBe(0);
  });

  test('does not shrink when more is said', () => {
    const sentence = fc
      .array(fc.constantFrom('lamp', 'bell', 'rope', 'the'), { maxLength: 6 })
      .map((w) => w.join(' '));
    fc.assert(
      fc.property(sentence, sentence, sentence, (question, text, more) => {
        const words = new Set(meaningfulWords(question));
        const alone = sharedWeight(words, text, weightOf);
        expect(sharedWeight(words, `${text} ${more}`, weightOf)).toBeGreaterThanOrEqual(alone);
      }),
    );
  });
});
