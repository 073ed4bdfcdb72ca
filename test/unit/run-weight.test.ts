import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bookShare, type RunWork, runWeight, type WorkInFlight } from '../../client/run-weight.ts';
import type { FormatWork } from '../../workflows/run-contract.ts';

const MB = 1_000_000;
const NOW = 1_000_000_000;

const idle: RunWork = {
  state: 'ingesting',
  books: { total: 10, ingested: 0, unchanged: 0, failed: 0, cancelled: 0 },
  chunks: 0,
  formats: {},
  samples: [],
  running: [],
  startedAtMs: NOW,
};

const format = (bytes: number, settledBytes = 0, ingestedBytes = settledBytes, chunks = 0): FormatWork => ({
  ...{ bytes, settledBytes, ingestedBytes, chunks },
});

function flying(path: string, bytes: number, done: number, chunks: number | null = null): WorkInFlight {
  return { path, bytes, startedAtMs: NOW - 60_000, chunks, done };
}

describe('the share that is done', () => {
  test('counts a giant by its size, not as one book of many', () => {
    const books = { ...idle.books, total: 9_000, ingested: 8_999 };
    // 8,999 small ones are done, and one that is as large as all of them together has just begun.
    const formats = { '.pdf': format(2_000 * MB, 1_000 * MB, 1_000 * MB, 150_000) };
    const running = [flying('/giant.pdf', 1_000 * MB, 0)];
    expect(runWeight({ ...idle, books, chunks: 150_000, formats, running }, NOW).done).toBeCloseTo(0.5, 2);
  });

  test('counts a book in flight by its chunks, once they are known', () => {
    const formats = { '.pdf': format(20 * MB, 10 * MB, 10 * MB, 1_000) };
    const running = [flying('/dense.pdf', 10 * MB, 0.5, 9_000)];
    const { done, expectedChunks } = runWeight({ ...idle, chunks: 1_000, formats, running }, NOW);
    expect(expectedChunks).toBe(10_000);
    expect(done).toBeCloseTo((1_000 + 4_500) / 10_000, 5);
  });

  test('counts what failed as settled', () => {
    const formats = { '.pdf': format(10 * MB, 10 * MB, 0, 0) };
    expect(runWeight({ ...idle, formats }, NOW).done).toBe(1);
  });

  test('weighs endings by the chunks that they gave', () => {
    const formats = {
      '.pdf': format(100 * MB, 50 * MB, 50 * MB, 500),
      '.txt': format(100 * MB, 50 * MB, 50 * MB, 50_000),
    };
    const { expectedChunks } = runWeight({ ...idle, chunks: 50_500, formats }, NOW);
    expect(expectedChunks).toBeGreaterThan(100_000 * 0.95);
    expect(expectedChunks).toBeLessThan(101_000 * 1.05);
  });

  test('takes it that endings not seen yet are as dense as those seen, beside what is usual', () => {
    const unseen = { '.epub': format(10 * MB) };
    const expected = (chunks: number): number =>
      runWeight(
        { ...idle, chunks, formats: { ...unseen, '.txt': format(10 * MB, 10 * MB, 10 * MB, chunks) } },
        NOW,
      ).expectedChunks - chunks;
    expect(expected(22_000)).toBeGreaterThan(expected(11_000) * 1.5);
  });

  test('is told by counts for a run that does not count bytes', () => {
    expect(runWeight({ ...idle, books: { ...idle.books, ingested: 3, failed: 1 } }, NOW).done).toBe(0.4);
  });
});

describe('the rate', () => {
  const sample = (secondsAgo: number, chunks: number) => ({
    ...{ atMs: NOW - secondsAgo * 1_000, books: 0, bytes: 0, chunks },
  });

  test('is of the last minutes, not of the whole run, and gives the time left', () => {
    const formats = { '.txt': format(20 * MB, 10 * MB, 10 * MB, 10_000) };
    const samples = [sample(100, 8_000), sample(50, 9_000)];
    const { rate, secondsLeft, expectedChunks } = runWeight(
      { ...idle, chunks: 10_000, formats, samples, startedAtMs: NOW - 10_000_000 },
      NOW,
    );
    expect(rate).toBeCloseTo(20, 5);
    expect(secondsLeft).toBeCloseTo((expectedChunks - 10_000) / 20, 0);
  });

  test('counts what a book in flight did since the oldest sample only', () => {
    const formats = { '.pdf': format(10 * MB) };
    const giant = { ...flying('/giant.pdf', 10 * MB, 0.5, 10_000), startedAtMs: NOW - 1_000_000 };
    const { rate } = runWeight({ ...idle, formats, samples: [sample(100, 0)], running: [giant] }, NOW);
    // 5,000 chunks in 1,000 s, of which the last 100 s are looked at.
    expect(rate).toBeCloseTo(5, 5);
  });

  test('is none before there is anything to tell it from, and then there is no time left either', () => {
    const formats = { '.pdf': format(10 * MB) };
    expect(runWeight({ ...idle, formats }, NOW)).toMatchObject({ rate: 0, secondsLeft: null });
  });

  test('says nothing of the time left while the run is paused', () => {
    const formats = { '.txt': format(20 * MB, 10 * MB, 10 * MB, 10_000) };
    const paused = { ...idle, state: 'paused' as const, chunks: 10_000, formats, samples: [sample(100, 0)] };
    expect(runWeight(paused, NOW).secondsLeft).toBeNull();
  });
});

describe('whatever a run says', () => {
  const endings = ['.pdf', '.epub', '.txt', '.weird', ''];
  const work = fc
    .record({
      formats: fc.dictionary(
        fc.constantFrom(...endings),
        fc
          .tuple(
            fc.nat(5_000 * MB),
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.nat(1_000_000),
          )
          .map(([bytes, settled, ingested, chunks]) => {
            const settledBytes = Math.floor(bytes * settled);
            const ingestedBytes = Math.floor(settledBytes * ingested);
            return format(bytes, settledBytes, ingestedBytes, ingestedBytes > 0 ? chunks : 0);
          }),
      ),
      running: fc.array(
        fc.record({
          path: fc.constantFrom(...endings.map((ending) => `/b/book${ending}`)),
          bytes: fc.nat(500 * MB),
          startedAtMs: fc.integer({ min: NOW - 10_000_000, max: NOW + 1_000 }),
          chunks: fc.option(fc.nat(100_000)),
          done: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        { maxLength: 10 },
      ),
      samples: fc.array(
        fc.record({
          atMs: fc.integer({ min: NOW - 1_000_000, max: NOW + 1_000 }),
          books: fc.nat(),
          bytes: fc.nat(),
          chunks: fc.nat(1_000_000),
        }),
        { maxLength: 5 },
      ),
      total: fc.nat(9_000),
      state: fc.constantFrom('scanning', 'ingesting', 'paused', 'cancelling', 'done'),
    })
    .map(({ total, ...rest }): RunWork => {
      const chunks = Object.values(rest.formats).reduce((all, each) => all + each.chunks, 0);
      return { ...idle, ...rest, chunks, books: { ...idle.books, total } };
    });

  test('every figure is one: a share from 0 to 1, and no rate or time below 0', () => {
    fc.assert(
      fc.property(work, (run) => {
        const { done, rate, secondsLeft, expectedChunks } = runWeight(run, NOW);
        for (const figure of [done, rate, secondsLeft ?? 0, expectedChunks]) {
          expect(Number.isFinite(figure)).toBe(true);
          expect(figure).toBeGreaterThanOrEqual(0);
        }
        expect(done).toBeLessThanOrEqual(1);
        expect(expectedChunks).toBeGreaterThanOrEqual(run.chunks);
      }),
    );
  });

  test('the share never falls when a book that is not ingested is settled', () => {
    fc.assert(
      fc.property(work, fc.constantFrom(...endings), fc.nat(100 * MB), (run, ending, bytes) => {
        const before = run.formats[ending] ?? format(0);
        const grown = { ...before, bytes: before.bytes + bytes };
        const settled = { ...grown, settledBytes: before.settledBytes + bytes };
        const alone = { ...run, running: [] };
        const share = (each: FormatWork): number =>
          runWeight({ ...alone, formats: { ...run.formats, [ending]: each } }, NOW).done;
        expect(share(settled)).toBeGreaterThanOrEqual(share(grown) - 1e-9);
      }),
    );
  });

  test('the share never falls when a book in flight gets further', () => {
    fc.assert(
      fc.property(work, fc.double({ min: 0, max: 1, noNaN: true }), (run, step) => {
        const further = run.running.map((book) => ({ ...book, done: book.done + (1 - book.done) * step }));
        expect(runWeight({ ...run, running: further }, NOW).done).toBeGreaterThanOrEqual(
          runWeight(run, NOW).done - 1e-9,
        );
      }),
    );
  });

  test('it is 0 at the beginning and 1 at the end', () => {
    fc.assert(
      fc.property(work, (run) => {
        const share = (of: (each: FormatWork) => FormatWork): number => {
          const formats = Object.fromEntries(
            Object.entries(run.formats).map(([name, each]) => [name, of(each)]),
          );
          return runWeight({ ...run, state: 'ingesting', running: [], formats }, NOW).done;
        };
        const hasWork = Object.values(run.formats).some((each) => each.bytes > 0);
        expect(share(({ bytes }) => format(bytes))).toBe(0);
        if (hasWork) expect(share(({ bytes, chunks }) => format(bytes, bytes, bytes, chunks))).toBe(1);
        expect(runWeight({ ...run, state: 'done' }, NOW).done).toBe(1);
      }),
    );
  });
});

describe("a book's share", () => {
  test('grows from stage to stage and within each', () => {
    const stages = ['extract', 'chunk', 'embed', 'upsert', 'verify', 'commit'] as const;
    const shares = stages.flatMap((stage) => [0, 1, 2].map((done) => bookShare(stage, { done, total: 2 })));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(1);
  });

  test('is that of its stage where there is no position, or a senseless one', () => {
    expect(bookShare('embed', null)).toBe(bookShare('embed', { done: 0, total: null }));
    expect(bookShare('embed', { done: 9, total: 3 })).toBe(bookShare('upsert', null));
  });
});
