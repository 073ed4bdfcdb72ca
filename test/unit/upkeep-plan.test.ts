import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IdleWatch } from '../../activities/adapters/lancedb/idle-watch.ts';
import {
  isLongTail,
  type PlanOptions,
  planUpkeep,
  type TableState,
  wantedIndexes,
} from '../../activities/adapters/lancedb/upkeep-plan.ts';

const index = (name: string, unindexedRows = 0, segments = 1) => ({ name, unindexedRows, segments });
const all = wantedIndexes.map(({ name }) => index(name));
const stepsFor = (state: Partial<TableState>): string[] =>
  planUpkeep({ rows: 0, fragments: 1, indexes: [], ...state }).map((step) =>
    step.kind === 'compact' ? 'compact' : step.index.column,
  );

describe('a table is idle', () => {
  const state = (rows: number, unindexedRows: number): TableState => ({
    ...{ rows, fragments: 1, indexes: [index('text_idx', unindexedRows)] },
  });

  test('when its rows without an index are the same twice, and not while they grow', () => {
    const watch = new IdleWatch();
    expect([state(100, 10), state(120, 30), state(120, 30)].map((each) => watch.isIdle(each))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('once: what upkeep could not index does not call for it again and again', () => {
    const watch = new IdleWatch();
    const looks = Array.from({ length: 5 }, () => watch.isIdle(state(100, 10)));
    expect(looks).toEqual([false, true, false, false, false]);
    expect([state(110, 20), state(110, 20)].map((each) => watch.isIdle(each))).toEqual([false, true]);
  });

  test('again after an hour of looks: whoever was told may not have got upkeep going', () => {
    const watch = new IdleWatch();
    const looks = Array.from({ length: 400 }, () => watch.isIdle(state(100, 10)));
    expect(looks.flatMap((idle, at) => (idle ? [at] : []))).toEqual([1, 181, 361]);
  });

  test('never, when every row has its indexes', () => {
    const watch = new IdleWatch();
    expect([1, 2, 3].map(() => watch.isIdle(state(100, 0)))).toEqual([false, false, false]);
  });
});

describe('a table grows', () => {
  const state = (rows: number): TableState => ({ rows, fragments: 1, indexes: all });

  test('while two looks find different numbers of rows', () => {
    const watch = new IdleWatch();
    const grows = [100, 120, 120, 90].map((rows) => {
      watch.isIdle(state(rows));
      return watch.isGrowing;
    });
    expect(grows).toEqual([false, true, false, true]);
  });

  const builds = (rows: number, growing: boolean, indexes = all): readonly string[] =>
    planUpkeep({ rows, fragments: 1, indexes }, { growing }).flatMap((step) =>
      step.kind === 'build' ? step.index.column : [],
    );
  const withoutVectors = all.filter(({ name }) => name !== 'vector_idx');

  test('and then the index of its vectors waits for four times as many rows', () => {
    expect(builds(399_999, false, withoutVectors)).toEqual(['vector']);
    expect(builds(399_999, true, withoutVectors)).toEqual([]);
    expect(builds(400_000, true, withoutVectors)).toEqual(['vector']);
    const scattered = [...withoutVectors, index('vector_idx', 0, 13)];
    expect(builds(500_000, false, scattered)).toEqual(['vector']);
    expect(builds(500_000, true, scattered)).toEqual([]);
  });

  test('the others do not', () => {
    expect(builds(60_000, true, [])).toEqual(builds(60_000, false, []));
  });

  test('and no more texts are left to be read than else where questions are asked meanwhile', () => {
    const steps = (unindexed: number, options: PlanOptions) =>
      planUpkeep({ rows: 90_000, fragments: 1, indexes: [index('text_idx', unindexed), ...others] }, options)
        .length;
    const others = all.filter(({ name }) => name !== 'text_idx');
    expect([4_000, 4_001].map((rows) => steps(rows, { growing: true }))).toEqual([0, 1]);
    expect([1_000, 1_001].map((rows) => steps(rows, { growing: true, asked: true }))).toEqual([0, 1]);
  });

  test('but of a large table, whose upkeep takes long, more may wait', () => {
    const steps = (rows: number, unindexed: number) =>
      planUpkeep(
        { rows, fragments: 1, indexes: [...withoutWords, index('text_idx', unindexed)] },
        { growing: true, asked: true },
      ).length;
    const withoutWords = all.filter(({ name }) => name !== 'text_idx');
    expect([2_000, 2_001].map((unindexed) => steps(600_000, unindexed))).toEqual([0, 1]);
    expect([4_000, 4_001].map((unindexed) => steps(9_000_000, unindexed))).toEqual([0, 1]);
  });
});

test('a table that grows while nobody asks may have four times as many fragments', () => {
  const steps = (fragments: number, options: PlanOptions) =>
    planUpkeep({ rows: 60_000, fragments, indexes: all }, options).length;
  for (const options of [{ growing: true, asked: true }, { asked: false }])
    expect([65, 66].map((fragments) => steps(fragments, options))).toEqual([0, 1]);
  expect([257, 258].map((fragments) => steps(fragments, { growing: true }))).toEqual([0, 1]);
});

test.each([
  [1_000, 300_000, false],
  [1_001, 300_000, true],
  [500, 600_000, false],
  [501, 600_000, true],
  [250, 5_000_000, false],
  [251, 5_000_000, true],
  [1_001, 20_000, false],
  [1_001, 20_021, true],
  [60_000, 1_000_000, false],
])('%d rows of %d without an index of words are a long tail: %p', (unindexed, rows, long) => {
  expect(isLongTail(unindexed, rows)).toBe(long);
});

describe('what upkeep does', () => {
  test('to a small table is nothing', () => {
    expect(stepsFor({ rows: 4_999 })).toEqual([]);
  });

  test.each([
    [5_000, ['text']],
    [
      50_000,
      [
        'text',
        'id',
        'book_id',
        'title',
        'author',
        'year',
        'page_start',
        'page_end',
        'library',
        'language',
        'format',
        'section',
      ],
    ],
  ])('to one of %d rows is to build what pays', (rows, columns) => {
    expect(stepsFor({ rows })).toEqual(columns);
  });

  test('to one of a million rows is to index its vectors, too', () => {
    expect(stepsFor({ rows: 1_000_000 })).toContain('vector');
  });

  test('to one that is whole is nothing, whatever its size', () => {
    for (const rows of [5_000, 100_000, 10_000_000]) {
      const fragments = Math.ceil(rows / 1_000_000);
      expect(stepsFor({ rows, fragments, indexes: all })).toEqual([]);
    }
  });

  test('to one with many rows that no index holds, or many fragments, is to compact it', () => {
    expect(stepsFor({ rows: 60_000, indexes: [...all, index('text_idx', 1_001)] })).toEqual(['compact']);
    expect(stepsFor({ rows: 60_000, fragments: 66, indexes: all })).toEqual(['compact']);
    expect(stepsFor({ rows: 60_000, fragments: 65, indexes: [...all, index('text_idx', 1_000)] })).toEqual(
      [],
    );
  });

  test('to one that nobody writes is to index it to the last row', () => {
    const state = { rows: 60_000, fragments: 2, indexes: [...all, index('text_idx', 1)] };
    expect(planUpkeep(state, { mostUnindexed: 0 })).toEqual([{ kind: 'compact' }]);
    expect(planUpkeep({ ...state, indexes: all }, { mostUnindexed: 0 })).toEqual([]);
  });

  test('to an index of vectors in many parts is to build it anew', () => {
    const others = all.filter(({ name }) => name !== 'vector_idx');
    expect(stepsFor({ rows: 500_000, indexes: [...others, index('vector_idx', 0, 13)] })).toEqual(['vector']);
    expect(stepsFor({ rows: 500_000, indexes: [...others, index('vector_idx', 0, 12)] })).toEqual([]);
  });

  test('is done once it is done: nothing is left to do after it', () => {
    const state = fc.record({
      rows: fc.nat(3_000_000),
      fragments: fc.nat(2_000),
      indexes: fc
        .subarray(all)
        .chain((some) =>
          fc.constant(some.map(({ name }) => index(name, (name.length * 3_001) % 20_000, name.length))),
        ),
    });
    fc.assert(
      fc.property(state, (before) => {
        const steps = planUpkeep(before);
        const built = steps.flatMap((step) => (step.kind === 'build' ? index(step.index.name) : []));
        const compacted = steps.some(({ kind }) => kind === 'compact');
        const names = new Set(built.map(({ name }) => name));
        const kept = before.indexes.filter(({ name }) => !names.has(name));
        const after = {
          rows: before.rows,
          fragments: compacted ? Math.ceil(before.rows / 1_000_000) : before.fragments,
          indexes: [...built, ...kept.map((each) => (compacted ? { ...each, unindexedRows: 0 } : each))],
        };
        expect(planUpkeep(after)).toEqual([]);
      }),
    );
  });
});
