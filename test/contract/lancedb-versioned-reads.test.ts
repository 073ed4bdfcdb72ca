import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VersionedReads } from '../../activities/adapters/lancedb/versioned-reads.ts';

/** A table that other processes write to as well. */
class Written {
  readonly values = new Map<string, number>();
  version = 0;
  queries = 0;
  /** Settles what a query waits for after it looked. */
  afterLook: Promise<unknown> = Promise.resolve();

  readonly reads = new VersionedReads<number>({
    version: async () => this.version,
    load: async (keys) => {
      this.queries += 1;
      const seen = new Map(
        keys.flatMap((key) => {
          const value = this.values.get(key);
          return value === undefined ? [] : [[key, value] as const];
        }),
      );
      await this.afterLook;
      return seen;
    },
    most: 3,
  });

  write(key: string, value: number): void {
    this.values.set(key, value);
    this.version += 1;
  }
}

describe('versioned reads', () => {
  test('ask once for as long as nothing is written, absent keys too', async () => {
    const table = new Written();
    table.write('a', 1);
    for (let time = 0; time < 3; time++)
      expect([...(await table.reads.read(['a', 'b']))]).toEqual([['a', 1]]);
    expect(table.queries).toBe(1);
  });

  test('see what any process wrote before they were asked', async () => {
    const key = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ write: key, value: fc.nat(9) }),
      fc.record({ read: fc.uniqueArray(key, { minLength: 1 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const table = new Written();
        for (const each of steps) {
          if ('write' in each) table.write(each.write, each.value);
          else
            expect(await table.reads.read(each.read)).toEqual(
              new Map([...table.values].filter(([name]) => each.read.includes(name))),
            );
        }
      }),
    );
  });

  test('do not keep what a query saw before the version that another asked for', async () => {
    const table = new Written();
    table.write('a', 1);
    const held = Promise.withResolvers<void>();
    table.afterLook = held.promise;
    const slow = table.reads.read(['a']);
    await new Promise(setImmediate);
    table.write('a', 2);
    table.afterLook = Promise.resolve();
    expect((await table.reads.read(['a'])).get('a')).toBe(2);
    held.resolve();
    expect((await slow).get('a')).toBe(1);
    expect((await table.reads.read(['a'])).get('a')).toBe(2);
  });

  test('keep nothing of a query that failed', async () => {
    const table = new Written();
    table.write('a', 1);
    table.afterLook = Promise.reject(new Error('out of order'));
    await expect(table.reads.read(['a'])).rejects.toThrow('out of order');
    table.afterLook = Promise.resolve();
    expect((await table.reads.read(['a'])).get('a')).toBe(1);
  });
});
