import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GatheredReads } from '../../activities/adapters/lancedb/gathered-reads.ts';

/** A store whose queries take as many turns of the event loop as it is told. */
class SlowStore {
  readonly values = new Map<string, number>();
  readonly queries: (readonly string[])[] = [];
  turns = 3;
  failNext = false;
  running = 0;
  mostRunning = 0;

  readonly reads = new GatheredReads(async (keys) => {
    this.queries.push(keys);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    const found = new Map(keys.flatMap((key) => [[key, this.values.get(key) ?? 0] as const]));
    const fails = this.failNext;
    this.failNext = false;
    for (let turn = 0; turn < this.turns; turn++) await new Promise(setImmediate);
    this.running -= 1;
    if (fails) throw new Error('out of order');
    return found;
  });
}

const KEYS = ['a', 'b', 'c'] as const;

describe('gathered reads', () => {
  test('those that come while a query is under way share the next one', async () => {
    const store = new SlowStore();
    await Promise.all(['a', 'b', 'c', 'b', 'a'].map((key) => store.reads.read([key])));
    expect(store.queries.length).toBeLessThanOrEqual(2);
    expect(store.mostRunning).toBe(1);
  });

  test('give each caller what it asked for, and nothing else', async () => {
    const store = new SlowStore();
    store.values.set('a', 1).set('b', 2);
    const [first, second] = await Promise.all([store.reads.read(['a']), store.reads.read(['b', 'c'])]);
    expect([...(first ?? [])]).toEqual([['a', 1]]);
    expect([...(second ?? [])]).toEqual([
      ['b', 2],
      ['c', 0],
    ]);
  });

  test('a query that fails fails those who asked for it alone', async () => {
    const store = new SlowStore();
    store.failNext = true;
    const first = store.reads.read(['a']);
    await new Promise(setImmediate);
    const second = store.reads.read(['b']);
    await expect(first).rejects.toThrow('out of order');
    expect([...(await second)]).toEqual([['b', 0]]);
  });

  test('a caller sees every write that was done before it asked', async () => {
    const step = fc.record({
      key: fc.constantFrom(...KEYS),
      write: fc.boolean(),
      turns: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const store = new SlowStore();
        const checks: Promise<void>[] = [];
        for (const { key, write, turns } of steps) {
          const before = store.values.get(key) ?? 0;
          if (write) store.values.set(key, before + 1);
          else
            checks.push(
              store.reads.read([key]).then((found) => expect(found.get(key)).toBeGreaterThanOrEqual(before)),
            );
          for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        }
        await Promise.all(checks);
      }),
    );
  });
});
