/** What every embedder of the default model promises, whatever computes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Embedder } from '../../activities/ports/embedder.ts';

/** Where a first run has to fetch the model. */
const FETCH_TIMEOUT_MS = 300_000;
/** Two orders of the same sums differ by rounding alone. */
const SAME = 0.9999;

export const EMBEDDER_TEXTS = [
  'The keeper lit the north lamp at dusk.',
  'At nightfall the lighthouse keeper kindled the northern light.',
  'Add the flour to the butter and stir until smooth.',
  '',
  'x',
  'Zażółć gęślą jaźń 👩‍👩‍👧‍👦 日本語 עברית',
  'A passage of some length about lamps, keepers and the sea. '.repeat(8),
];

export function cosine(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

export function embedderContract(name: string, open: () => Promise<Embedder>): void {
  describe(`an embedder on ${name}`, () => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await open();
    }, FETCH_TIMEOUT_MS);
    afterAll(async () => {
      await embedder?.[Symbol.asyncDispose]();
    });

    test('gives vectors of its dimensions and of length one, whatever the text', async () => {
      expect(embedder.dimensions).toBe(384);
      const vectors = await embedder.embed(EMBEDDER_TEXTS);
      expect(vectors.map((vector) => vector.length)).toEqual(EMBEDDER_TEXTS.map(() => 384));
      for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    });

    test('gives nearer ones to texts that mean the same', async () => {
      const [a, b, c] = await embedder.embed(EMBEDDER_TEXTS);
      expect(cosine(a, b)).toBeGreaterThan(0.6);
      expect(cosine(a, c)).toBeLessThan(0.2);
    });

    test('gives a text the same one alone, in any batch, and at any place of it', async () => {
      const alone = await Promise.all(EMBEDDER_TEXTS.map(async (text) => (await embedder.embed([text]))[0]));
      const picks = fc.array(fc.nat(EMBEDDER_TEXTS.length - 1), { minLength: 1, maxLength: 9 });
      await fc.assert(
        fc.asyncProperty(picks, async (picked) => {
          const vectors = await embedder.embed(picked.map((pick) => EMBEDDER_TEXTS[pick] ?? ''));
          expect(vectors).toHaveLength(picked.length);
          for (const [at, pick] of picked.entries())
            expect(cosine(vectors[at], alone[pick])).toBeGreaterThan(SAME);
        }),
        { numRuns: 8 },
      );
    });

    test('gives a text that is too long the one of its beginning', async () => {
      const [long, longer, other] = await embedder.embed([
        'word '.repeat(300),
        `${'word '.repeat(300)} and something else`,
        `something else ${'word '.repeat(300)}`,
      ]);
      expect(cosine(long, longer)).toBeGreaterThan(SAME);
      expect(cosine(long, other)).toBeLessThan(SAME);
    });

    test('gives none to none', async () => {
      expect(await embedder.embed([])).toEqual([]);
    });

    test('takes a question before the passages that wait', async () => {
      const order: string[] = [];
      const bulk = embedder.embed(Array(40).fill('word '.repeat(100))).then(() => order.push('passages'));
      await embedder.embed(['x'], { kind: 'question' });
      const question = embedder.embed(['Who?'], { kind: 'question' }).then(() => order.push('question'));
      await Promise.all([bulk, question]);
      expect(order).toEqual(['question', 'passages']);
    });

    test('does no work for who has given up already', async () => {
      await expect(embedder.embed(['x'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      });
    });

    test('takes no more when it is closed', async () => {
      const other = await open();
      await other[Symbol.asyncDispose]();
      await expect(other.embed(['x'])).rejects.toMatchObject({ code: 'EMBEDDING_FAILED' });
    });
  });
}
