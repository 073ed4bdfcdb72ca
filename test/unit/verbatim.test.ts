import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExtractiveAnswers, NOTHING_FOUND } from '../../activities/adapters/answers/extractive.ts';
import { createGenerateActivities } from '../../activities/generate.ts';
import { standsIn } from '../../activities/text/verbatim.ts';
import { bookPoints } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { LIGHTS } from '../helpers/passages.ts';
import { runActivity } from '../helpers/run-activity.ts';

describe('a quote stands in a text', () => {
  test('when it is any part of it, however white space is written', () => {
    const words = fc.array(fc.stringMatching(/^\S{1,8}$/), { minLength: 1, maxLength: 20 });
    const spaces = fc.constantFrom(' ', '\n', '  ', '\t', '\r\n');
    fc.assert(
      fc.property(words, spaces, spaces, fc.nat(), fc.nat(), (text, a, b, from, length) => {
        const start = from % text.length;
        const part = text.slice(start, start + 1 + (length % text.length));
        expect(standsIn(part.join(a), text.join(b))).toBe(true);
      }),
    );
  });

  test.each(['', '  ', 'the KEEPER', 'The keeper sang', 'keeper lived alone. At dusk'])(
    'but not %j in another',
    (quote) => {
      expect(standsIn(quote, 'The keeper lived alone.\nHe lit the lamp at dusk.')).toBe(false);
    },
  );
});

test('a quote that a model makes up ends its answer, whatever adapter it came through', async () => {
  const store = new MemoryVectorStore();
  const [point] = bookPoints('book', 'r1', 1, { text: 'The keeper lit the lamp.' });
  if (!point) throw new Error('there is no point');
  await store.upsert([point]);
  const [caches, catalog] = [{ keep: () => {} }, new MemoryCatalog()];
  const quoting = (quote: string) => ({
    name: 'a-model',
    answer: async () => ({
      ...{ answer: 'Yes [1].', citations: [{ n: 1, quote }], droppedCitations: [] },
      mode: 'model' as const,
    }),
  });
  const write = async (quote: string) => {
    const models = { answerModel: quoting(quote), extractive: new ExtractiveAnswers() };
    const ports = { ...models, store, catalog, caches };
    const input = { question: 'Who?', chunkIds: [point.id] };
    return await runActivity(createGenerateActivities(ports).writeAnswer, input);
  };
  expect((await write('The keeper  lit')).result).toMatchObject({ citations: [{ n: 1 }] });
  expect((await write('The keeper sang')).failure).toMatchObject({ type: 'ANSWER_MODEL_UNREACHABLE' });
});

test('a model that hangs is given up by the clock, and not tried again', async () => {
  const answerModel = {
    name: 'a-model',
    answer: (_: string, __: object, options: { signal?: AbortSignal } = {}) =>
      new Promise<never>((_, reject) => {
        const giveUp = (): void => reject(options.signal?.reason);
        if (options.signal?.aborted) giveUp();
        options.signal?.addEventListener('abort', giveUp);
      }),
  };
  const [caches, catalog] = [{ keep: () => {} }, new MemoryCatalog()];
  const models = { answerModel, extractive: new ExtractiveAnswers() };
  const ports = { ...models, store: new MemoryVectorStore(), catalog, caches };
  for (const untilMs of [Date.now() - 1_000, Date.now() + 50]) {
    const input = { question: 'Who?', chunkIds: [], untilMs };
    const { failure } = await runActivity(createGenerateActivities(ports).writeAnswer, input);
    expect(failure).toMatchObject({ type: 'ANSWER_MODEL_UNREACHABLE', nonRetryable: true });
  }
});

test('quotes decline a question of which the passages hold no word', async () => {
  const { answer, citations } = await new ExtractiveAnswers().answer('Quantum chromodynamics?', LIGHTS);
  expect({ answer, citations }).toEqual({ answer: NOTHING_FOUND, citations: [] });
});
