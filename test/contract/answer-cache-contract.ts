import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnswerCache, StoredAnswer } from '../../activities/ports/answer-cache.ts';
import { AWKWARD_TEXTS, DIMENSIONS, unitVector } from './store-fixtures.ts';

/** One place where answers are kept; nothing is in it at first. */
export interface AnswerBacking extends AsyncDisposable {
  /** Another instance on the same data, as another process would have it. */
  open(embedderId?: string): Promise<AnswerCache>;
}

export function storedAnswer(key: string, changes: Partial<StoredAnswer> = {}): StoredAnswer {
  return {
    ...{ key, scope: 'all', question: `Who is ${key}?`, answer: '{"answer":"Alice [1]."}' },
    ...{ sources: [{ bookId: 'a book', revision: 'r1' }], epoch: 7, madeAtMs: 1_735_689_600_123 },
    ...changes,
  };
}

/** What every cache of answers promises. `start` gives a new, empty backing. */
export function answerCacheContract(name: string, start: () => Promise<AnswerBacking>): void {
  describe(`${name} as a cache of answers`, () => {
    let backing: AnswerBacking;
    let cache: AnswerCache;

    beforeEach(async () => {
      backing = await start();
      cache = await backing.open();
    });

    afterEach(async () => {
      await cache[Symbol.asyncDispose]();
      await backing[Symbol.asyncDispose]();
    });

    const vector = (seed: string): Float32Array => unitVector(seed);
    const keysNear = async (seed: string, scope = 'all', limit = 10): Promise<string[]> =>
      (await cache.nearest(vector(seed), scope, limit)).map(({ stored }) => stored.key);

    test('an answer comes back as it was put, in every other instance too', async () => {
      await cache.put(storedAnswer('alice'), vector('alice'));
      const other = await backing.open();
      const [found] = await other.nearest(vector('alice'), 'all', 1);
      expect(found?.stored).toEqual(storedAnswer('alice'));
      expect(found?.similarity).toBeCloseTo(1, 4);
      await other[Symbol.asyncDispose]();
    });

    test('nothing is near in an empty cache', async () => {
      expect(await keysNear('alice')).toEqual([]);
      expect(await cache.count()).toBe(0);
    });

    test('the nearest come first, with the cosine of their questions', async () => {
      const names = ['alice', 'bob', 'carol', 'dave'];
      for (const each of names) await cache.put(storedAnswer(each), vector(each));
      const near = await cache.nearest(vector('bob'), 'all', 3);
      expect(near).toHaveLength(3);
      expect(near[0]?.stored.key).toBe('bob');
      for (const { stored, similarity } of near) {
        const cosine = vector('bob').reduce((sum, value, i) => sum + value * (vector(stored.key)[i] ?? 0), 0);
        expect(similarity).toBeCloseTo(cosine, 4);
      }
      expect(near.map(({ similarity }) => similarity)).toEqual(
        near.map(({ similarity }) => similarity).sort((a, b) => b - a),
      );
    });

    test('answers of other scopes are never near, whatever the scopes are called', async () => {
      for (const [index, scope] of AWKWARD_TEXTS.entries())
        await cache.put(storedAnswer(`k${index}`, { scope }), vector('alice'));
      for (const [index, scope] of AWKWARD_TEXTS.entries())
        expect(await keysNear('alice', scope)).toEqual([`k${index}`]);
    });

    test('a new answer takes the place of the one with its key', async () => {
      await cache.put(storedAnswer('alice'), vector('alice'));
      const later = storedAnswer('alice', {
        question: 'Who was she?',
        epoch: 8,
        madeAtMs: 1_735_689_700_000,
      });
      await cache.put(later, vector('bob'));
      expect((await cache.nearest(vector('bob'), 'all', 5)).map(({ stored }) => stored)).toEqual([later]);
      expect(await cache.count()).toBe(1);
    });

    test('an answer is removed, but not one that took its place', async () => {
      const [old, young] = [storedAnswer('alice'), storedAnswer('alice', { madeAtMs: 1_735_689_700_000 })];
      await cache.put(young, vector('alice'));
      await cache.remove(old);
      expect(await keysNear('alice')).toEqual(['alice']);
      await cache.remove(young);
      await cache.remove(young);
      expect(await keysNear('alice')).toEqual([]);
    });

    test('the oldest go first, by age and by number', async () => {
      const ages = [5, 1, 4, 2, 3];
      for (const age of ages)
        await cache.put(storedAnswer(`k${age}`, { madeAtMs: 1_000 - age }), vector(`k${age}`));
      expect(await cache.removeBefore(996)).toBe(1);
      expect(await cache.trim(10)).toBe(0);
      expect(await cache.trim(2)).toBe(2);
      expect((await keysNear('x')).sort()).toEqual(['k1', 'k2']);
    });

    test('is cleared for every instance, which can see when, and goes on', async () => {
      const other = await backing.open();
      expect(await other.clearedAtMs()).toBe(0);
      for (const each of ['alice', 'bob']) await cache.put(storedAnswer(each), vector(each));
      expect(await cache.clear(2_000)).toBe(2);
      expect(await other.clearedAtMs()).toBe(2_000);
      expect(await other.count()).toBe(0);
      expect(await other.trim(0)).toBe(0);
      await other.put(storedAnswer('carol'), vector('carol'));
      expect(await keysNear('carol')).toEqual(['carol']);
      expect(await cache.clear(3_000)).toBe(1);
      expect(await other.clearedAtMs()).toBe(3_000);
      await other[Symbol.asyncDispose]();
    });

    test('many are put at once, by two instances', async () => {
      const other = await backing.open();
      const names = Array.from({ length: 12 }, (_, n) => `k${n}`);
      await Promise.all(names.map((each, n) => [cache, other][n % 2]?.put(storedAnswer(each), vector(each))));
      expect(await cache.count()).toBe(12);
      await other[Symbol.asyncDispose]();
    });

    test('answers of two embedding models never meet', async () => {
      const other = await backing.open('another model');
      await cache.put(storedAnswer('alice'), vector('alice'));
      expect(await other.nearest(vector('alice'), 'all', 5)).toEqual([]);
      await other[Symbol.asyncDispose]();
    });

    test('a vector of another size is refused', async () => {
      const wrong = unitVector('alice', DIMENSIONS + 1);
      await expect(cache.put(storedAnswer('alice'), wrong)).rejects.toMatchObject({ code: 'STORE_REJECTED' });
      await expect(cache.nearest(wrong, 'all', 1)).rejects.toMatchObject({ code: 'STORE_REJECTED' });
    });
  });
}
