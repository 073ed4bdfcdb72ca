/** Which questions are one: the same workflow, the same answer in the cache, whatever way they are written down. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBeginActivities } from '../../activities/begin-answer.ts';
import { questionId } from '../../client/ask.ts';
import { askInput } from '../../workflows/contract.ts';
import { normaliseQuestion } from '../../workflows/question-contract.ts';
import '../helpers/any-realm.ts';
import { resultOf } from '../helpers/run-activity.ts';

const idOf = (question: string, settings: object = {}) =>
  questionId(askInput.parse({ question, ...settings }));

describe('two askers', () => {
  test.each([
    ['white space', 'Who  lit\n the\tlamp? '],
    ['control characters', 'Who\u0000lit\u0007 the\u001b lamp?'],
    ['a space of another kind', 'Who\u00a0lit the\u2003lamp?'],
  ])('share a workflow whatever %s there is', (_, question) => {
    expect(idOf(question)).toBe(idOf('Who lit the lamp?'));
  });

  test('share a workflow whatever form Unicode has, and in whatever order settings are named', () => {
    expect(idOf('Cafe\u0301?')).toBe(idOf('Caf\u00e9?'));
    expect(idOf('Who?', { topK: 3, library: 'a' })).toBe(idOf('Who?', { library: 'a', topK: 3 }));
    expect(idOf('Who?', { library: undefined })).toBe(idOf('Who?'));
    expect(idOf('Who?', { libraries: ['b', 'a', 'b'] })).toBe(idOf('Who?', { libraries: ['a', 'b'] }));
    expect(idOf('Who?', { topK: 10 })).toBe(idOf('Who?'));
  });

  test.each([
    ['another letter case', 'Is it it?', 'Is IT it?', {}],
    ['another digit', 'Who came in 1850?', 'Who came in 1851?', {}],
    ['another power', 'What is x²?', 'What is x2?', {}],
    ['another library', 'Who?', 'Who?', { library: 'a' }],
    ['several libraries', 'Who?', 'Who?', { libraries: ['a', 'b'] }],
    ['another number of passages', 'Who?', 'Who?', { topK: 3 }],
    ['another deadline', 'Who?', 'Who?', { deadlineMs: 2_000 }],
    ['quotes', 'Who?', 'Who?', { extractive: true }],
  ])('with %s do not', (_, one, other, settings) => {
    expect(idOf(other, settings)).not.toBe(idOf(one));
  });
});

test('a question that was put right is right', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = normaliseQuestion(text);
      expect(normaliseQuestion(once)).toBe(once);
      expect(once).not.toMatch(/\p{Cc}|^\s|\s$|\s\s/u);
      expect(once.isWellFormed()).toBe(true);
    }),
  );
});

describe('a question begins', () => {
  const caches = {
    find: async () => null,
    ticket: async (scope: string) => ({ scope, epoch: 1, atMs: 2 }),
  };
  const models = { answerModel: { name: 'a-model' }, extractive: { name: 'extractive' } };
  const begin = async (input: object, changes: object = {}) => {
    const { beginAnswer } = createBeginActivities({ ...models, caches, deadlineMs: 60_000, ...changes });
    return await resultOf(beginAnswer, { question: 'Who?', topK: 10, ...input });
  };

  test('with the deadline and the writer of the asker, or else of the settings', async () => {
    expect(await begin({})).toMatchObject({ deadlineMs: 60_000, writer: 'model', found: null });
    expect(await begin({ deadlineMs: 2_000, extractive: true })).toMatchObject({
      ...{ deadlineMs: 2_000, writer: 'extractive' },
    });
    expect(await begin({}, { answerModel: models.extractive })).toMatchObject({ writer: 'extractive' });
  });

  test('in a scope of its filters and its writer, whatever its deadline', async () => {
    const scopeOf = async (input: object) => (await begin(input)).keep?.scope;
    expect(await scopeOf({ deadlineMs: 2_000 })).toBe(await scopeOf({}));
    const scopes = await Promise.all(
      [
        {},
        { topK: 3 },
        { library: 'a' },
        { libraries: ['a', 'b'] },
        { libraries: ['a'] },
        { extractive: true },
      ].map(scopeOf),
    );
    expect(new Set(scopes).size).toBe(6);
  });

  test('anew when the caches take too long, and its answer is not kept', async () => {
    const hanging = { ...caches, find: () => new Promise<null>(() => {}) };
    expect(await begin({ deadlineMs: 1_000 }, { caches: hanging })).toMatchObject({
      found: null,
      keep: null,
    });
  });

  test('before the workflow gives it up, however long the deadline is and the caches hang', async () => {
    const hanging = { ...caches, find: () => new Promise<null>(() => {}) };
    const startedMs = performance.now();
    expect(await begin({ deadlineMs: 110_000 }, { caches: hanging })).toMatchObject({ keep: null });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  }, 15_000);
});
