/** From the chunks of hits to an answer: what is read, what it cites, and what becomes of books that change meanwhile. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ExtractiveAnswers, NOTHING_FOUND } from '../../activities/adapters/answers/extractive.ts';
import { createGenerateActivities, type GenerateInput } from '../../activities/generate.ts';
import type { NumberedPassage } from '../../activities/ports/answer-model.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { bookPoints, record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf } from '../helpers/run-activity.ts';

const TEXTS = ['The tower stood empty.', 'A painter came in May.', 'The bell was cast in June.'];
const keep = { scope: 'all', epoch: 1, atMs: 2 };

let store: MemoryVectorStore;
let catalog: MemoryCatalog;
let points: StoredPoint[];
let shown: readonly NumberedPassage[];
let kept: number;
let isCut: true | undefined;
/** Called while the model writes. */
let meanwhile: () => Promise<void>;
beforeEach(async () => {
  [store, catalog, shown, kept] = [new MemoryVectorStore(), new MemoryCatalog(), [], 0];
  meanwhile = async () => {};
  isCut = undefined;
  points = bookPoints('book', 'r1', 3).map((point, at) => ({ ...point, text: TEXTS[at] ?? '' }));
  await store.upsert(points);
  await catalog.put(record('book', { bookId: 'book' }));
});

const idOf = (ordinal: number): string => points[ordinal]?.id ?? '';

/** One hit of all chunks, the last of which ranked best, unless told otherwise. */
async function write(input: Partial<GenerateInput> = {}, quote = 'A painter came in May.') {
  const answerModel = {
    name: 'a-model',
    answer: async (_: string, passages: readonly NumberedPassage[]) => {
      shown = passages;
      await meanwhile();
      return {
        ...{ answer: 'Yes [1].', citations: passages.length > 0 ? [{ n: 1, quote }] : [] },
        ...{ droppedCitations: [], mode: 'model' as const, ...(isCut && { isCut }) },
      };
    },
  };
  const caches = {
    keep: () => {
      kept += 1;
    },
  };
  const { writeAnswer } = createGenerateActivities({
    ...{ answerModel, extractive: new ExtractiveAnswers(), store, catalog, caches },
  });
  return await resultOf(writeAnswer, {
    ...{ question: 'Who?', keep, onChange: 'tell', chunkIds: [2, 0, 1].map(idOf), perHit: [3], ...input },
  });
}

describe('the chunks of a hit', () => {
  test('are one passage in the order of the book, of which the best is known', async () => {
    await write();
    expect(shown).toMatchObject([
      { n: 1, text: TEXTS.join('\n'), page: { start: 1, end: 4 }, own: { text: TEXTS[2] } },
    ]);
  });

  test('are passages of their own where each is a hit, as before version 0.7', async () => {
    await write({ perHit: undefined }, TEXTS[2]);
    expect(shown.map(({ n, text }) => [n, text])).toEqual([
      [1, TEXTS[2]],
      [2, TEXTS[0]],
      [3, TEXTS[1]],
    ]);
    expect(shown[0]).not.toHaveProperty('own');
  });

  test.each([
    ['the chunk that holds them', 'A painter came in May.', 1, { start: 2, end: 3 }],
    ['all chunks that they reach over', 'came in May.\nThe bell', 2, { start: 1, end: 4 }],
  ])('are cited by the page of %s', async (_, quote, ordinal, page) => {
    expect(await write({}, quote)).toMatchObject({ citations: [{ quote, page, chunkId: idOf(ordinal) }] });
  });
});

test('a quote that reaches over the border of a section is cut there, and cited to its own section', async () => {
  const sections = ['Storms', 'Calm', 'Calm'];
  await store.upsert(points.map((point, at) => ({ ...point, section: [sections[at] ?? ''] })));
  const quote = `${TEXTS[0]}\n${TEXTS[1]}`;
  expect(await write({}, quote)).toMatchObject({
    citations: [{ quote: TEXTS[0], section: ['Storms'], chunkId: idOf(0) }],
  });
});

describe('a book that changes', () => {
  const replaced = () => catalog.put(record('book', { bookId: 'book', revision: 'r2' }));
  const removed = () => catalog.remove(['book']);

  test.each([
    ['replaced', replaced],
    ['removed', removed],
  ])('and is %s while a model writes takes its answer away', async (_, change) => {
    meanwhile = change;
    expect(await write()).toEqual({ sourcesChanged: true });
    expect(kept).toBe(0);
  });

  test('before it is read is told at once, and no model is asked', async () => {
    await store.deletePoints('book', [idOf(0)]);
    expect(await write()).toEqual({ sourcesChanged: true });
    expect(shown).toEqual([]);
  });

  test('does not, and its answer is kept', async () => {
    expect(await write()).toMatchObject({ answer: 'Yes [1].' });
    expect(kept).toBe(1);
  });

  test('does not, but an answer that was cut off is for nobody else', async () => {
    isCut = true;
    const answer = await write();
    expect(answer).toMatchObject({ answer: 'Yes [1].' });
    expect(answer).not.toHaveProperty('isCut');
    expect(kept).toBe(0);
  });

  test('is left out where that is asked for', async () => {
    await removed();
    expect(await write({ onChange: 'leave-out' })).toMatchObject({ citations: [] });
    expect(shown).toEqual([]);
  });

  test('is not looked for where that is not asked for: before version 0.7', async () => {
    meanwhile = removed;
    expect(await write({ onChange: undefined })).toMatchObject({ answer: 'Yes [1].' });
  });

  test('is not known of where the catalog is away: the answer is given all the same, and not kept', async () => {
    meanwhile = async () => {
      catalog.get = async () => {
        throw new Error('the store is away');
      };
    };
    expect(await write()).toMatchObject({ answer: 'Yes [1].' });
    expect(kept).toBe(0);
  });
});

test('quotes decline where every book was left out', async () => {
  await catalog.remove(['book']);
  const ports = { store, catalog, caches: { keep: () => {} } };
  const extractive = new ExtractiveAnswers();
  const { quoteAnswer } = createGenerateActivities({ ...ports, extractive, answerModel: extractive });
  const input = { question: 'Which painter came?', chunkIds: points.map(({ id }) => id) };
  expect(await resultOf(quoteAnswer, { ...input, onChange: 'leave-out' as const })).toMatchObject({
    answer: NOTHING_FOUND,
  });
});
