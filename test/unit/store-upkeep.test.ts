import { describe, expect, test } from '@jest/globals';
import { createMaintainActivities } from '../../activities/maintain.ts';
import type { Upkeep } from '../../activities/ports/vector-store.ts';
import '../helpers/any-realm.ts';
import { MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf } from '../helpers/run-activity.ts';

const limits = { maxOutageMs: 60_000 };

function storeOf(rounds: readonly Upkeep[]) {
  const left = [...rounds];
  const store = new MemoryVectorStore();
  store.maintain = async () => left.shift() ?? { done: [], more: false };
  return { store, left };
}

describe('the upkeep of a store', () => {
  test('goes on while there is more to do, and tells of all that was done', async () => {
    const { store } = storeOf([
      { done: ['a'], more: true },
      { done: [], more: true },
      { done: ['b', 'c'], more: false },
    ]);
    const { maintainPoints } = createMaintainActivities({ store, limits });
    expect(await resultOf(maintainPoints, {})).toEqual({ done: ['a', 'b', 'c'] });
  });

  test('ends though there is always more', async () => {
    const { store, left } = storeOf(Array.from({ length: 50 }, () => ({ done: ['x'], more: true })));
    await resultOf(createMaintainActivities({ store, limits }).maintainPoints, {});
    expect(left.length).toBeGreaterThan(40);
  });
});
