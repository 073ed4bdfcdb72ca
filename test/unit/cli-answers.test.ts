/** What `ask` and `search` print at a terminal and elsewhere. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerLines, hitLines } from '../../client/cli/answer-lines.ts';
import { firstMatch, highlighted, wordsToFind } from '../../client/cli/highlight.ts';
import { answerStageLines, searchStageLines } from '../../client/cli/stage-lines.ts';
import { plain, terminalOf } from '../../client/cli/terminal.ts';
import type { Answer, SearchHit } from '../../workflows/result-contract.ts';

const both = { colours: true, links: true };
const ESC = '\u001b';
const mark = (word: string): string => `<${word}>`;

const hit: SearchHit = {
  ...{ score: 0.5, text: 'The bees are fed in spring.', title: 'Bees', author: null, section: [] },
  ...{ page: { start: 4, end: 4 }, path: '/books/a b.pdf', bookId: 'b', chunkId: 'c' },
};
const answer: Answer = {
  ...{ answer: 'In spring [1].', droppedCitations: [], mode: 'model', workflowId: 'answerQuestion/1' },
  citations: [{ n: 1, ...hit, quote: 'fed in spring' }],
  timings: { embed: 1.25, search: 12, generate: 900 },
  usage: { inputTokens: 70, outputTokens: 7 },
};

describe('a terminal', () => {
  const depth = (env: object = {}): number =>
    'NO_COLOR' in env || ('TERM' in env && env.TERM === 'dumb') ? 1 : 8;
  const terminal = { isTTY: true, getColorDepth: depth };

  test.each([
    [terminal, {}, { colours: true, links: true }],
    [terminal, { NO_COLOR: '1' }, { colours: false, links: true }],
    [terminal, { TERM: 'dumb' }, plain],
    [{ getColorDepth: depth }, {}, plain],
    [{ isTTY: false }, {}, plain],
  ])('%#: has colours and links as the stream and the environment say', (stream, env, found) => {
    expect(terminalOf(stream, env)).toEqual(found);
  });
});

describe('words of a question', () => {
  test.each([
    ['how to feed bees in spring', 'Feeding a bee in the Spring', '<Feeding> a bee in the <Spring>'],
    ['bees', 'Bees! bees, beehive; bee', '<Bees>! <bees>, beehive; bee'],
    ['the bell is wound', 'wind the bells', 'wind <the> <bells>'],
    ['x y', 'x and y', '<x> and <y>'],
    ['Ärger', 'ÄRGER und Ärgernis', '<ÄRGER> und <Ärgernis>'],
    ['?', 'nothing', 'nothing'],
  ])('%s are marked in: %s', (question, text, marked) => {
    expect(highlighted(text, wordsToFind(question), mark)).toBe(marked);
  });

  test('are marked and nothing else is changed, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (question, text) => {
        const words = wordsToFind(question);
        expect(highlighted(text, words, (word) => word)).toBe(text);
        const found = highlighted(text, words, (word) => `\u0001${word}`).indexOf('\u0001');
        expect(firstMatch(text, words)).toBe(found);
      }),
    );
  });
});

describe('an answer', () => {
  test('is plain text where it is no terminal', () => {
    const lines = answerLines(answer);
    expect(lines).toEqual([
      ...['In spring [1].', '', '[1] Bees, page 4', '    file:///books/a%20b.pdf#page=4'],
    ]);
    expect(answerLines(answer, { isShown: true })[0]).toBe('');
  });

  test('has citations that lead to file and page at a terminal', () => {
    const [, , place] = answerLines(answer, { terminal: both });
    const url = 'file:///books/a%20b.pdf#page=4';
    expect(place).toBe(`[1] ${ESC}]8;;${url}${ESC}\\Bees, page 4${ESC}]8;;${ESC}\\`);
  });

  test('no title or path can end its link', () => {
    const evil = { ...hit, title: `x${ESC}\\${ESC}]8;;http://evil`, path: `/b/${ESC}\\y`, quote: '', n: 1 };
    const [, , place = ''] = answerLines({ ...answer, citations: [evil] }, { terminal: both });
    expect(place.split(ESC)).toHaveLength(5);
  });

  test('is explained: where it comes from, and what each stage took', () => {
    expect(answerStageLines(answer)).toEqual([
      ...['', 'Cache: made anew', 'Answer: written by a model, 70 tokens read, 7 written'],
      ...['  embed          1.3 ms', '  search        12.0 ms', '  generate     900.0 ms'],
      'Workflow: answerQuestion/1',
    ]);
    const cached = { kind: 'semantic', question: 'When are bees fed?', ageMs: 180_000 } as const;
    expect(answerStageLines({ ...answer, cached })[1]).toBe(
      'Cache: one that means the same, “When are bees fed?”, was answered 3 min 0 s ago',
    );
    expect(answerStageLines({ ...answer, cached: { ...cached, kind: 'exact' } })[1]).toBe(
      'Cache: the same question was answered 3 min 0 s ago',
    );
  });
});

describe('what was found', () => {
  const result = { hits: [hit], timings: { search: 2 } };

  test('is plain text where it is no terminal', () => {
    expect(hitLines(result, 'bees')).toEqual([
      ...['1. Bees, page 4  (0.500)', '   The bees are fed in spring.', '   /books/a b.pdf'],
    ]);
    expect(hitLines({ hits: [], timings: {} }, 'x')).toEqual(['Nothing was found.']);
  });

  test('has the words of the question in bold at a terminal', () => {
    const [, text] = hitLines(result, 'feeding bees in spring', both);
    expect(text).toBe(`   The ${ESC}[1mbees${ESC}[22m are fed in ${ESC}[1mspring${ESC}[22m.`);
    expect(hitLines(result, 'bees', { ...both, colours: false })[1]).toBe('   The bees are fed in spring.');
  });

  test('shows the part of a long text that has the words', () => {
    const long = { ...hit, text: `${'Other words stand here. '.repeat(30)}Then bees came.` };
    const [, text = ''] = hitLines({ hits: [long], timings: {} }, 'bees');
    expect(text).toMatch(/^ {3}… .*Then bees came\.$/);
    expect(text.length).toBeLessThan(260);
    const [, start = ''] = hitLines({ hits: [long], timings: {} }, 'words');
    expect(start).toMatch(/^ {3}Other words stand here\..* …$/);
  });

  test('is explained', () => {
    expect(searchStageLines(result)).toEqual(['', '  search       2.0 ms']);
    expect(searchStageLines({ ...result, reranked: false })[1]).toMatch(/the reranker failed/);
  });
});
