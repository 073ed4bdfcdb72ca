import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CarriedState } from '../../workflows/carried-state.ts';
import {
  type BookReport,
  MAX_LISTED_FAILURES,
  type ManifestEntry,
  type ScanResult,
  type WaitingBook,
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
  /** A start whose entry was fetched while an update moved books. */
  | { readonly do: 'overtaken'; readonly what: 'front' | 'drop'; readonly picks: readonly number[] }
  | { readonly do: 'start' | 'cancel' | 'carry' | 'pause' | 'resume' }
  | { readonly do: 'allow'; readonly parallel: number }
  | { readonly do: 'report'; readonly pick: number; readonly outcome: BookReport['outcome'] }
  | { readonly do: 'front' | 'drop'; readonly picks: readonly number[] }
  | { readonly do: 'retry'; readonly last: boolean };

const outcome = fc.constantFrom('ingested', 'failed', 'cancelled');
const picks = fc.array(fc.nat(30), { minLength: 1, maxLength: 4 });
const only = <T extends string>(name: T) => fc.constant({ do: name } as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: only('start') },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('report'), pick: fc.nat(30), outcome }) },
  { weight: 2, arbitrary: only('carry') },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('front', 'drop'), picks }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('overtaken'), what: fc.constantFrom('front', 'drop'), picks }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry'), last: fc.boolean() }) },
  { weight: 1, arbitrary: only('pause') },
  { weight: 2, arbitrary: only('resume') },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('allow'), parallel: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: only('cancel') },
);

/** What the promises say, in the plainest words: each book and where it is. A retried book has a place of its own. */
class Model {
  readonly total: number;
  parallel: number;
  paused = false;
  cancelled = false;
  retriesFirst = false;
  /** Ordinals in the order in which they are to be started. */
  waiting: number[];
  /** Of those, the ones that were moved to the front. */
  readonly front = new Set<number>();
  /** Book id of each ordinal. */
  readonly ids: string[];
  readonly inFlight = new Set<string>();
  readonly outcomes = new Map<string, BookReport['outcome']>();

  constructor(total: number, parallel: number) {
    this.total = total;
    this.parallel = parallel;
    this.ids = Array.from({ length: total }, (_, n) => `b${n}`);
    this.waiting = this.ids.map((_, n) => n);
  }

  count(outcome: BookReport['outcome']): number {
    return [...this.outcomes.values()].filter((each) => each === outcome).length;
  }

  get room(): number {
    if (this.cancelled || this.paused) return 0;
    return Math.max(0, Math.min(this.parallel - this.inFlight.size, this.waiting.length));
  }

  /** The books of these numbers, wherever they are. */
  places(numbers: readonly number[]): WaitingBook[] {
    return [...new Set(numbers.map((n) => n % (this.ids.length + 2)))].map((ordinal) => ({
      ordinal,
      entry: this.entry(ordinal),
    }));
  }

  entry(ordinal: number): ManifestEntry {
    return entryOf(Number((this.ids[ordinal] ?? 'b99').slice(1)));
  }
}

function take(window: RunWindow, model: Model, next: Step): RunWindow {
  if (next.do === 'start') start(window, model);
  else if (next.do === 'report') report(window, model, `b${next.pick % (model.total + 3)}`, next.outcome);
  else if (next.do === 'front' || next.do === 'drop') move(window, model, next.do, next.picks);
  else if (next.do === 'overtaken') overtake(window, model, next.what, next.picks);
  else if (next.do === 'retry') retry(window, model, next.last);
  else set(window, model, next);
  if (next.do !== 'carry') return window;
  // The lists of retries are left behind where none of their books waits.
  if (!model.waiting.some((ordinal) => ordinal >= model.total)) {
    model.ids.length = model.total;
    for (const ordinal of model.front) if (ordinal >= model.total) model.front.delete(ordinal);
  }
  // A carried state crosses from one run to the next as JSON.
  return RunWindow.resume(throughJson(window.carry()), model.parallel);
}

function set(window: RunWindow, model: Model, next: Step): void {
  if (next.do === 'pause' || next.do === 'resume') window.paused = model.paused = next.do === 'pause';
  if (next.do === 'allow') window.parallel = model.parallel = next.parallel;
  if (next.do === 'cancel') {
    window.cancel();
    model.cancelled = true;
  }
}

/** As the workflow does it: the first of those moved to the front, else what lies at the place that is next. */
function start(window: RunWindow, model: Model): void {
  expect(window.free).toBe(model.room);
  if (window.free === 0) return;
  const [ordinal = -1, ...rest] = model.waiting;
  const { first } = window;
  const place = first ? null : window.next;
  if (place) expect(ordinalOf(window, place)).toBe(ordinal);
  const entry = first ?? model.entry(ordinal);
  expect(entry.bookId).toBe(model.ids[ordinal]);
  expect(window.isNext(entry, place)).toBe(true);
  window.start(entry, STARTED);
  model.waiting = rest;
  model.inFlight.add(entry.bookId);
}

/** What was fetched is started only if it is still the one to be started. */
function overtake(window: RunWindow, model: Model, what: 'front' | 'drop', numbers: readonly number[]): void {
  if (window.free === 0) return;
  const [ordinal = -1] = model.waiting;
  const { first } = window;
  const place = first ? null : window.next;
  const entry = first ?? model.entry(ordinal);
  move(window, model, what, numbers);
  // The same book at the front is another entry: it is looked at again, and started then.
  const stays = model.waiting[0] === ordinal && (place !== null ? window.first === null : true);
  if (window.isNext(entry, place)) expect(stays).toBe(true);
  start(window, model);
}

function ordinalOf(window: RunWindow, place: { manifestKey: string; index: number }): number {
  const at = window.manifests.findIndex(({ key }) => key === place.manifestKey);
  return window.manifests.slice(0, at).reduce((sum, { count }) => sum + count, 0) + place.index;
}

function report(window: RunWindow, model: Model, bookId: string, outcome: BookReport['outcome']): void {
  const known = model.inFlight.delete(bookId);
  expect(window.settle(reportOf(bookId, outcome), STARTED)).toBe(known);
  if (!known) return;
  expect(model.outcomes.has(bookId)).toBe(false);
  model.outcomes.set(bookId, outcome);
}

function move(window: RunWindow, model: Model, what: 'front' | 'drop', numbers: readonly number[]): void {
  const places = model.places(numbers);
  const waiting = places.filter(({ ordinal }) => model.waiting.includes(ordinal));
  expect(places.filter((place) => window.isWaiting(place))).toEqual(waiting);
  const ordinals = waiting.map(({ ordinal }) => ordinal);
  const others = model.waiting.filter((ordinal) => !ordinals.includes(ordinal));
  if (what === 'front') {
    window.moveToFront(places);
    for (const ordinal of ordinals) model.front.add(ordinal);
    model.waiting = [...ordinals, ...others];
  } else {
    for (const place of places)
      expect(window.cancelWaiting(place, STARTED)).toBe(ordinals.includes(place.ordinal));
    model.waiting = others;
    for (const ordinal of ordinals) model.outcomes.set(model.ids[ordinal] ?? '', 'cancelled');
  }
}

function retry(window: RunWindow, model: Model, last: boolean): void {
  const failed = [...model.outcomes].filter(([, outcome]) => outcome === 'failed').map(([id]) => id);
  if (model.cancelled || failed.length === 0) return;
  const manifestKey = `manifests/retry-${window.manifests.length}`;
  window.retry({ ...scanOf(failed.length), manifestKey, retried: failed.length }, { last });
  const again = failed.map((id) => model.ids.push(id) - 1);
  for (const id of failed) model.outcomes.delete(id);
  if (!last) model.retriesFirst = true;
  model.waiting.push(...again);
  const rank = (ordinal: number): number => {
    if (model.front.has(ordinal)) return 0;
    return ordinal >= model.total === model.retriesFirst ? 1 : 2;
  };
  model.waiting.sort((one, other) => rank(one) - rank(other));
}

function throughJson(state: CarriedState): CarriedState {
  return JSON.parse(JSON.stringify(state));
}

function expectAgreement(window: RunWindow, model: Model, scan: ScanResult): void {
  const unstarted = model.cancelled ? model.waiting.length : 0;
  expect(window.running.map((book) => book.bookId)).toEqual([...model.inFlight]);
  expect(window.waiting).toBe(model.waiting.length);
  expect(window.free).toBe(model.room);
  expect(window.counts).toEqual({
    total: model.total + scan.unchanged + scan.failed,
    ingested: model.count('ingested'),
    unchanged: scan.unchanged,
    failed: scan.failed + model.count('failed'),
    cancelled: model.count('cancelled') + unstarted,
  });
  expect(window.chunks).toBe(7 * model.count('ingested'));
  const { total, ingested, unchanged, failed, cancelled } = window.counts;
  const done = ingested + unchanged + failed + cancelled;
  const waiting = model.cancelled ? 0 : model.waiting.length;
  expect(total).toBe(done + model.inFlight.size + waiting);
  expect(window.settled).toBe(model.inFlight.size === 0 && waiting === 0);
}

describe('the window of a run, whatever the order of starts, reports, losses, updates and new steps', () => {
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
      { numRuns: 2_000 },
    );
  });

  test('ends with every book settled, once it goes on and those in flight have reported', () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 40 }),
        (total, parallel, steps) => {
          const model = new Model(total, parallel);
          let window = new RunWindow(scanOf(total), parallel, STARTED);
          for (const next of [...steps, { do: 'resume' } as const]) window = take(window, model, next);
          for (let rounds = 0; !window.settled; rounds++) {
            expect(rounds).toBeLessThanOrEqual(model.ids.length);
            while (window.free > 0) start(window, model);
            for (const { bookId } of window.running) report(window, model, bookId, 'ingested');
          }
          const { ingested, failed, cancelled } = window.counts;
          expect(ingested + failed + cancelled).toBe(total);
        },
      ),
      { numRuns: 1_000 },
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
      window.settle(reportOf(`b${n}`, 'failed'), STARTED);
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
    for (let n = 0; n < 3; n++) window.settle(reportOf(`b${n}`, 'ingested'), STARTED);
    expect(window.free).toBe(0);
    window.settle(reportOf('b3', 'ingested'), STARTED);
    expect(window.free).toBe(1);
  });

  test('takes along when it and each book in flight started, its failures, and the files it passed over', () => {
    const before = new RunWindow(scanOf(3, 0, 1), 2, STARTED);
    expect(before.next).toEqual({ manifestKey: 'manifests/x', index: 0 });
    before.start(entryOf(0), STARTED + 5);
    const after = RunWindow.resume(throughJson(before.carry()), 2);
    expect(after.startedAtMs).toBe(STARTED);
    expect(after.running).toEqual([{ bookId: 'b0', path: '/b0', bytes: 0, startedAtMs: STARTED + 5 }]);
    expect(after.failures).toEqual(before.failures);
    expect(after.skippedFiles).toEqual({ '.jpg': 2 });
  });

  test('takes along how many books are damaged in part', () => {
    const before = new RunWindow(scanOf(3), 3, STARTED);
    for (let n = 0; n < 3; n++) before.start(entryOf(n), STARTED);
    before.settle({ bookId: 'b0', outcome: 'ingested', chunks: 7, pages: 9, unreadable: 2 }, STARTED);
    before.settle(reportOf('b1', 'ingested'), STARTED);
    expect(before.counts).toMatchObject({ ingested: 2, incomplete: 1 });
    const after = RunWindow.resume(throughJson(before.carry()), 3);
    after.settle({ bookId: 'b2', outcome: 'ingested', chunks: 7, pages: 9, unreadable: 1 }, STARTED);
    expect(after.counts).toMatchObject({ ingested: 3, incomplete: 2 });
  });

  test('carries a state whose size is bounded by what is allowed, not by the library', () => {
    const window = new RunWindow(scanOf(2_000_000, 0, 500_000), 500, STARTED);
    for (let n = 0; n < 20_000; n++) {
      window.start(entryOf(n), STARTED);
      window.settle(reportOf(`b${n}`, 'failed'), STARTED);
    }
    expect(JSON.stringify(window.carry()).length).toBeLessThan(20_000);
  });
});

describe('a retry of what failed', () => {
  test('that finds no book leaves nothing that the next one has to wait for', () => {
    const window = new RunWindow(scanOf(3), 1, STARTED);
    window.retry({ ...scanOf(0), manifestKey: 'manifests/retry' }, { waits: false });
    expect(window.manifests).toHaveLength(1);
    expect(window.waiting).toBe(3);
  });

  const countsAfter = (found: Partial<ScanResult>) => {
    const window = new RunWindow(scanOf(2, 1, 3), 5, STARTED);
    window.retry({ ...scanOf(0), manifestKey: 'manifests/retry', ...found });
    return RunWindow.resume(throughJson(window.carry()), 5).counts;
  };

  test('of a folder that can be read now counts all of its books, and keeps the other failures', () => {
    const counts = countsAfter({ toIngest: 50, retried: 1 });
    expect(counts).toMatchObject({ total: 2 + 1 + 2 + 50, failed: 2, unchanged: 1 });
  });

  test('counts what fails again once, and what another run has ingested as unchanged', () => {
    const counts = countsAfter({ failed: 1, unchanged: 2, retried: 3 });
    expect(counts).toMatchObject({ total: 6, failed: 1, unchanged: 3 });
  });

  test('of a worker before version 0.7 keeps what failed again', () => {
    expect(countsAfter({ toIngest: 2, failed: 1 })).toMatchObject({ total: 6, failed: 1 });
  });
});
