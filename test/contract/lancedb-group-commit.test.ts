import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GroupCommit, takeGroup } from '../../activities/adapters/lancedb/group-commit.ts';

interface Write {
  readonly kind: string;
  readonly keys: readonly string[];
  readonly weight: number;
  readonly number: number;
}

const rules = {
  kindOf: ({ kind }: Write) => kind,
  keysOf: ({ keys }: Write) => keys,
  weightOf: ({ weight }: Write) => weight,
  maxWeight: 10,
};

const someWrites: fc.Arbitrary<Write[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('upsert', 'delete'),
      keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 2 }),
      weight: fc.integer({ min: 0, max: 15 }),
    }),
    { maxLength: 30 },
  )
  .map((writes) => writes.map((write, number) => ({ ...write, number })));

/** Groups in the order in which they would be committed. */
function allGroups(writes: readonly Write[]): Write[][] {
  const groups: Write[][] = [];
  let items = [...writes];
  while (items.length > 0) {
    const { group, rest } = takeGroup(items, (item) => item, rules);
    if (group.length === 0) throw new Error('no progress');
    groups.push(group);
    items = rest;
  }
  return groups;
}

describe('the choice of a group', () => {
  test('takes every write once, in groups of one kind within the weight', () => {
    fc.assert(
      fc.property(someWrites, (writes) => {
        const groups = allGroups(writes);
        expect(groups.flat().sort((a, b) => a.number - b.number)).toEqual(writes);
        for (const group of groups) {
          expect(new Set(group.map(({ kind }) => kind)).size).toBe(1);
          const weight = group.reduce((sum, write) => sum + write.weight, 0);
          expect(group.length === 1 || weight <= rules.maxWeight).toBe(true);
        }
      }),
    );
  });

  test('keeps the order of the writes of each key', () => {
    fc.assert(
      fc.property(someWrites, (writes) => {
        const order = allGroups(writes).flat();
        for (const key of ['a', 'b', 'c', 'd']) {
          const numbers = order.filter(({ keys }) => keys.includes(key)).map(({ number }) => number);
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});

describe('the group commit', () => {
  const write = (number: number, key = String(number)): Write => ({
    kind: 'upsert',
    keys: [key],
    weight: 1,
    number,
  });

  test('writes of the same moment are one commit, and each has its own result', async () => {
    const commits: number[][] = [];
    const writer = new GroupCommit<Write, string>({
      ...rules,
      commit: async (writes) => {
        commits.push(writes.map(({ number }) => number));
        return writes.map(({ number }) => `done ${number}`);
      },
    });
    expect(await Promise.all([1, 2, 3].map((number) => writer.submit(write(number))))).toEqual([
      'done 1',
      'done 2',
      'done 3',
    ]);
    expect(commits).toEqual([[1, 2, 3]]);
  });

  test('what comes during a commit waits, and goes together into the next', async () => {
    const commits: number[][] = [];
    const started = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const writer = new GroupCommit<Write, number>({
      ...rules,
      commit: async (writes) => {
        commits.push(writes.map(({ number }) => number));
        started.resolve();
        await gate.promise;
        return writes.map(({ number }) => number);
      },
    });
    let acknowledged = 0;
    const count = (): void => {
      acknowledged += 1;
    };
    const first = writer.submit(write(1)).then(count);
    await started.promise;
    const others = [2, 3].map((number) => writer.submit(write(number)).then(count));
    expect(acknowledged).toBe(0);
    gate.resolve();
    await Promise.all([first, ...others]);
    expect(commits).toEqual([[1], [2, 3]]);
  });

  test('a bad write fails alone', async () => {
    const writer = new GroupCommit<Write, number>({
      ...rules,
      commit: async (writes) => {
        if (writes.some(({ number }) => number === 2)) throw new Error('poison');
        return writes.map(({ number }) => number);
      },
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map((number) => writer.submit(write(number))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await writer.submit(write(4))).toBe(4);
  });

  test('idle waits for all, failed or not, and callers are answered before the housekeeping', async () => {
    const events: string[] = [];
    const writer = new GroupCommit<Write, number>({
      ...rules,
      commit: async () => {
        throw new Error('full');
      },
      maintain: async () => {
        await Promise.resolve();
        events.push('maintained');
      },
    });
    const failed = writer.submit(write(1)).catch(() => events.push('answered'));
    await writer.idle();
    await failed;
    expect(events).toEqual(['answered', 'maintained']);
  });
});
