import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BookReport,
  type CarriedState,
  MAX_LISTED_FAILURES,
  type ManifestEntry,
  type ScanResult,
} from '../../workflows/contract.ts';
import { RunWindow } from '../../workflows/run-window.ts';

const STARTED = 1_000;

function scanOf(toIngest: number, unchanged = 0, failed = 0): ScanResult {
  const failures = Array.from({ length: Math.min(failed, MAX_LISTED_FAILURES) }, (_, n) =>
    failureOf(`s${n}`),
  );
  return { manifestKey: 'manifests/x', toIngest, unchanged, failed, failures, skippedFiles: { '.jpg': 2 } };
}

const failureOf = (id: string) =>
  ({ path: `/${id}`, stage: 'extract', code: 'NO_TEXT', message: 'm', attempts: 1 }) as const;
const entryOf = (n: number): ManifestEntry => ({ bookId: `b${n}`, path: `/b${n}`, bytes: n });

function reportOf(bookId: string, outcome: BookReport['outcome']): BookReport {
  if (outcome === 'ingested') return { bookId, outcome, chunks: 7, pages: 3 };
  if (outcome === 'failed') return { bookId, outcome, failure: failureOf(bookId) };
  return { bookId, outcome };
}

type Step =
  | { readonly do: 'start' | 'cancel' | 'carry' }
  | { readonly do: 'narrow'; readonly parallel: number }
  | { readonly do: 'report'; readonly pick: number; readonly outcome: BookReport['outcome'] };

const outcome = fc.constantFrom('ingested', 'failed', 'cancelled');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'start' } as const) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('report'), pick: fc.nat(30), outcome }) },
  { weight: 2, arbitrary: fc.constant({ do: 'carry' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('narrow'), parallel: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel' } as const) },
);

/** What the promises say, in the plainest words: each book and where it is. */
class Model {
  readonly total: number;
  parallel: number;
  started = 0;
  cancelled = false;
  readonly inFlight = new Set<string>();
  readonly outcomes = new Map<string, BookReport['outcome']>();

  constructor(total: number, parallel: number) {
    this.total = total;
    this.parallel = parallel;
  }

  count(outcome: BookReport['outcome']): number {
    return [...this.outcomes.values()].filter((each) => each === outcome).length;
  }
}

function take(window: RunWindow, model: Model, next: Step): RunWindow {
  if (next.do === 'start') start(window, model);
  if (next.do === 'report') report(window, model, `b${next.pick % (model.total + 3)}`, next.outcome);
  if (next.do === 'cancel') {
    window.cancel();
    model.cancelled = true;
  }
  if (next.do === 'narrow') model.parallel = next.parallel;
  // A carried state crosses from one run to the next as JSON.
  if (next.do === 'carry' || next.do === 'narrow')
    return RunWindow.resume(throughJson(window.carry()), model.parallel);
  return window;
}

function start(window: RunWindow, model: Model): void {
  const room = model.cancelled
    ? 0
    : Math.min(model.parallel - model.inFlight.size, model.total - model.started);
  expect(window.free).toBe(Math.max(0, room));
  if (window.free === 0) return;
  expect(window.cursor).toBe(model.started);
  const entry = entryOf(window.cursor);
  window.start(entry, STARTED + model.started);
  model.inFlight.add(entry.bookId);
  model.started += 1;
}

function report(window: RunWindow, model: Model, bookId: string, outcome: BookReport['outcome']): void {
  const known = model.inFlight.delete(bookId);
  expect(window.settle(reportOf(bookId, outcome))).toBe(known);
  if (!known) return;
  expect(model.outcomes.has(bookId)).toBe(false);
  model.outcomes.set(bookId, outcome);
}

function throughJson(state: CarriedState): CarriedState {
  return JSON.parse(JSON.stringify(state));
}

function expectAgreement(window: RunWindow, model: Model, scan: ScanResult): void {
  const unstarted = model.cancelled ? model.total - model.started : 0;
  expect(window.running.map((book) => book.bookId)).toEqual([...model.inFlight]);
  expect(window.counts).toEqual({
    total: model.total + scan.unchanged + scan.failed,
    ingested: model.count('ingested'),
    unchanged: scan.unchanged,
    failed: scan.failed + model.count('failed'),
    cancelled: model.count('cancelled') + unstarted,
  });
  expect(window.chunks).toBe(7 * model.count('ingested'));
  const { total, ...settled } = window.counts;
  const done = Object.values(settled).reduce((sum, n) => sum + n, 0);
  const waiting = model.cancelled ? 0 : model.total - model.started;
  expect(total).toBe(done + model.inFlight.size + waiting);
  expect(window.settled).toBe(model.inFlight.size === 0 && waiting === 0);
}

describe('the window of a run, whatever the order of starts, reports, losses, cancellation and new runs', () => {
  test('accounts for every book once, and never has more in flight than allowed', () => {
    const sizes = fc.record({
      total: fc.nat(12),
      parallel: fc.integer({ min: 1, max: 5 }),
      unchanged: fc.nat(3),
      failed: fc.nat(3),
    });
    fc.assert(
      fc.property(
        sizes,
        fc.array(step, { maxLength: 60 }),
        ({ total, parallel, unchanged, failed }, steps) => {
          const scan = scanOf(total, unchanged, failed);
          const model = new Model(total, parallel);
          let window = new RunWindow(scan, parallel, STARTED);
          expectAgreement(window, model, scan);
          for (const next of steps) {
            window = take(window, model, next);
            expectAgreement(window, model, scan);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('ends with every book settled, once those in flight have reported', () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 30 }),
        (total, parallel, steps) => {
          const model = new Model(total, parallel);
          let window = new RunWindow(scanOf(total), parallel, STARTED);
          for (const next of steps) window = take(window, model, next);
          for (let rounds = 0; !window.settled; rounds++) {
            expect(rounds).toBeLessThanOrEqual(total);
            while (window.free > 0) start(window, model);
            for (const { bookId } of window.running) report(window, model, bookId, 'ingested');
          }
          const { ingested, failed, cancelled } = window.counts;
          expect(ingested + failed + cancelled).toBe(total);
          expect(model.outcomes.size).toBe(model.started);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the window of a run', () => {
  test('of nothing to ingest is settled from the start, with the counts of the scan', () => {
    const window = new RunWindow(scanOf(0, 4, 2), 5, STARTED);
    expect(window.settled).toBe(true);
    expect(window.counts).toEqual({ total: 6, ingested: 0, unchanged: 4, failed: 2, cancelled: 0 });
    expect(window.failures.map(({ path }) => path)).toEqual(['/s0', '/s1']);
  });

  test('lists the latest failures only, and counts them all', () => {
    const window = new RunWindow(scanOf(300, 0, 30), 300, STARTED);
    for (let n = 0; n < 300; n++) {
      window.start(entryOf(n), STARTED);
      window.settle(reportOf(`b${n}`, 'failed'));
    }
    expect(window.counts.failed).toBe(330);
    expect(window.failures).toHaveLength(MAX_LISTED_FAILURES);
    expect(window.failures.at(-1)?.path).toBe('/b299');
  });

  test('that allows fewer books than are in flight starts none until there is room', () => {
    const before = new RunWindow(scanOf(9), 5, STARTED);
    for (let n = 0; n < 5; n++) before.start(entryOf(n), STARTED);
    const window = RunWindow.resume(throughJson(before.carry()), 2);
    expect(window.free).toBe(0);
    for (let n = 0; n < 3; n++) window.settle(reportOf(`b${n}`, 'ingested'));
    expect(window.free).toBe(0);
    window.settle(reportOf('b3', 'ingested'));
    expect(window.free).toBe(1);
  });

  test('takes along when it and each book in flight started, its failures, and the files it passed over', () => {
    const before = new RunWindow(scanOf(3, 0, 1), 2, STARTED);
    before.start(entryOf(0), STARTED + 5);
    const after = RunWindow.resume(throughJson(before.carry()), 2);
    expect(after.startedAtMs).toBe(STARTED);
    expect(after.running).toEqual([{ bookId: 'b0', path: '/b0', startedAtMs: STARTED + 5 }]);
    expect(after.failures).toEqual(before.failures);
    expect(after.skippedFiles).toEqual({ '.jpg': 2 });
  });

  test('carries a state whose size is bounded by what is allowed, not by the library', () => {
    const window = new RunWindow(scanOf(2_000_000, 0, 500_000), 500, STARTED);
    for (let n = 0; n < 20_000; n++) {
      window.start(entryOf(n), STARTED);
      window.settle(reportOf(`b${n}`, 'failed'));
    }
    expect(JSON.stringify(window.carry()).length).toBeLessThan(20_000);
  });
});
