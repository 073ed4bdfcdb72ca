import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FollowedRecords, type NumberedRecord } from '../../activities/adapters/lancedb/followed-records.ts';

interface Row extends NumberedRecord<string> {
  readonly number: bigint;
}

/** A table as LanceDB has it, that any process may write to: rows get ever greater numbers, and so do those that are moved. */
class Written {
  rows: readonly Row[] = [];
  version = 1;
  /** What was asked of it, by method. */
  readonly asked: string[] = [];
  #number = 0n;
  #ticks: readonly number[];
  #calls = 0;

  /** @param ticks how long each call takes, in turns of the loop, one after the other and then from the first again */
  constructor(ticks: readonly number[] = [0]) {
    this.#ticks = ticks;
  }

  readonly reads = (most: number) =>
    new FollowedRecords<string>(
      {
        version: () => this.#look('version', () => this.version),
        load: (keys) =>
          this.#look('load', () => {
            const rows = this.rows.filter(({ key }) => keys.includes(key));
            return new Map(rows.map((row) => [row.key, row]));
          }),
        from: (number, limit) =>
          this.#look('from', () => this.rows.filter((row) => row.number >= number).slice(0, limit)),
        next: () => this.#look('next', () => (this.rows.at(-1)?.number ?? -1n) + 1n),
        live: (numbers) =>
          this.#look('live', () => {
            const wanted = new Set(numbers);
            return new Set(this.rows.map(({ number }) => number).filter((number) => wanted.has(number)));
          }),
      },
      most,
    );

  /** As one process puts a first record, which another may do at the same time. */
  append(key: string, value: string): void {
    this.#write([...this.rows, this.#row(key, value)]);
  }

  replace(key: string, value: string): void {
    this.#write([...this.rows.filter((row) => row.key !== key), this.#row(key, value)]);
  }

  remove(key: string): void {
    this.#write(this.rows.filter((row) => row.key !== key));
  }

  compact(): void {
    this.#write(this.rows.map(({ key, value }) => this.#row(key, value)));
  }

  /** The numbers of what a compaction moves are taken before it is done, and a row is written meanwhile. */
  compactAround(key: string, value: string): void {
    const old = this.rows;
    const moved = old.map((row) => this.#row(row.key, row.value));
    this.append(key, value);
    this.#write([...moved, ...this.rows.slice(old.length)]);
  }

  valueOf(key: string): string | undefined {
    return this.rows.findLast((row) => row.key === key)?.value;
  }

  #row(key: string, value: string): Row {
    return { key, value, number: this.#number++ };
  }

  #write(rows: readonly Row[]): void {
    this.rows = rows;
    this.version += 1;
  }

  async #look<T>(method: string, look: () => T): Promise<T> {
    this.asked.push(method);
    const ticks = this.#ticks[this.#calls++ % this.#ticks.length] ?? 0;
    await turns(Math.floor(ticks / 2));
    const seen = look();
    await turns(Math.ceil(ticks / 2));
    return seen;
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

const key = fc.constantFrom<string>('a', 'b');
/** Some calls are over before others, that began first, have their answer. */
const ticks = fc.array(fc.oneof(fc.nat(2), fc.integer({ min: 40, max: 160 })), {
  minLength: 1,
  maxLength: 12,
});
const pause = fc.oneof(fc.nat(8), fc.integer({ min: 20, max: 80 }));
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ read: fc.uniqueArray(key, { minLength: 1 }), pause }) },
  {
    weight: 3,
    arbitrary: fc.record({ write: fc.constantFrom('append', 'replace', 'remove'), key, pause }),
  },
  { weight: 2, arbitrary: fc.record({ write: fc.constantFrom('compact', 'around'), key, pause }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Each read gives for each key what it was at some moment between its beginning and its end. */
async function expectNothingOld(steps: readonly Step[], table: Written, most: number): Promise<void> {
  const reads = table.reads(most);
  const past: Map<string, string | undefined>[] = [];
  const note = (): void =>
    void past.push(new Map(['a', 'b', 'c', 'd'].map((each) => [each, table.valueOf(each)])));
  note();
  let writes = 0;
  const running: Promise<void>[] = [];
  for (const next of steps) {
    if ('read' in next) {
      const from = past.length - 1;
      running.push(
        reads.read(next.read).then((values) => {
          for (const each of next.read)
            expect(past.slice(from).map((state) => state.get(each))).toContain(values.get(each));
        }),
      );
    } else {
      const value = `${next.key}${++writes}`;
      if (next.write === 'append') table.append(next.key, value);
      if (next.write === 'replace') table.replace(next.key, value);
      if (next.write === 'remove') table.remove(next.key);
      if (next.write === 'compact') table.compact();
      if (next.write === 'around') table.compactAround(next.key, value);
      note();
    }
    await turns(next.pause);
  }
  await Promise.all(running);
}

describe('followed records', () => {
  test('give nothing that was replaced or removed before they were asked, whatever comes between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        ticks,
        fc.integer({ min: 1, max: 5 }),
        (steps, slow, most) => expectNothingOld(steps, new Written(slow), most),
      ),
      { numRuns: 5_000 },
    );
  }, 60_000);

  test('keep the later of two rows of a key, though the earlier one comes late', async () => {
    const quick = Array.from({ length: 20 }, () => 0);
    const table = new Written([0, 0, 200, ...quick]);
    const reads = table.reads(10);
    table.append('a', 'a1');
    const slow = reads.read(['a']);
    // The look is over, and its answer under way.
    await turns(150);
    table.append('a', 'a2');
    expect((await reads.read(['a'])).get('a')).toBe('a2');
    expect((await slow).get('a')).toBe('a1');
    expect((await reads.read(['a'])).get('a')).toBe('a2');
  });

  test('are read by their keys once, however often the table is written', async () => {
    const table = new Written();
    const reads = table.reads(10);
    table.append('a', 'a1');
    await reads.read(['a', 'b']);
    table.asked.length = 0;
    for (let n = 0; n < 5; n++) {
      table.replace('c', `c${n}`);
      expect([...(await reads.read(['a', 'b', 'c']))]).toEqual([
        ['a', 'a1'],
        ['c', `c${n}`],
      ]);
    }
    expect(table.asked).not.toContain('load');
    table.asked.length = 0;
    await reads.read(['a']);
    expect(table.asked).toEqual(['version']);
  });

  test('are read anew when more rows are new than are worth following', async () => {
    const table = new Written();
    const reads = table.reads(5_000);
    for (let n = 0; n < 1_500; n++) table.append(`k${n}`, 'v');
    await reads.read(['k1', 'k2']);
    table.compact();
    table.asked.length = 0;
    expect((await reads.read(['k1'])).get('k1')).toBe('v');
    expect(table.asked).toEqual(['version', 'from', 'next', 'load']);
    table.replace('k1', 'w');
    expect((await reads.read(['k1'])).get('k1')).toBe('w');
  });

  test('are those of a table that took the place of another', async () => {
    const table = new Written();
    const reads = table.reads(10);
    for (const value of ['a1', 'a2']) table.replace('a', value);
    await reads.read(['a']);
    Object.assign(table, { rows: [{ key: 'a', value: 'other', number: 0n }], version: 1 });
    expect((await reads.read(['a'])).get('a')).toBe('other');
  });
});
