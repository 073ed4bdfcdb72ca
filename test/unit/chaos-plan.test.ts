import { describe, expect, test } from '@jest/globals';
import { type ChaosPlan, type Fault, planOf, points } from '../chaos/plan.ts';

const plans = Array.from({ length: 400 }, (_, seed) => planOf(seed));
const faultsOf = (kind: Fault['kind'], from: readonly ChaosPlan[] = plans): Fault[] =>
  from.flatMap(({ faults }) => faults.filter((fault) => fault.kind === kind));

describe('the plan of a chaos run', () => {
  test('follows from its seed', () => {
    expect(plans.map(({ seed }) => planOf(seed))).toEqual(plans);
    expect(new Set(plans.map(({ books }) => JSON.stringify(books))).size).toBeGreaterThan(390);
  });

  test.each([
    'failpoint',
    'kill',
    'freeze',
    'full-disk',
    'store-refuses',
    'store-hangs',
    'store-answers-late',
  ] as const)('of any fifty seeds in a row has %s', (kind) => {
    for (let from = 0; from < 350; from++)
      expect(faultsOf(kind, plans.slice(from, from + 50)).length).toBeGreaterThan(0);
  });

  test('has every named point, before and after it', () => {
    const met = new Set(
      faultsOf('failpoint').map((fault) => fault.kind === 'failpoint' && `${fault.when} ${fault.point}`),
    );
    const named = [...points.files, ...points.lancedb, ...points.qdrant].filter(
      (point) => point !== 'artifact.write',
    );
    const wanted = named.flatMap((point) => [`before ${point}`, `after ${point}`]);
    expect([...wanted, 'torn artifact.write'].filter((point) => !met.has(point))).toEqual([]);
  });

  test('has one failpoint at most, and faults of a server only where there is one', () => {
    for (const { faults, store } of plans) {
      expect(faults.filter(({ kind }) => kind === 'failpoint').length).toBeLessThan(2);
      if (store === 'lancedb') expect(faults.filter(({ kind }) => kind.startsWith('store'))).toEqual([]);
    }
  });

  test('has four to twelve books, good ones and broken ones', () => {
    for (const { books } of plans) {
      expect(books.length).toBeGreaterThan(2);
      expect(books.length).toBeLessThan(13);
      expect(new Set(books.map(({ now }) => now.kind === 'broken')).size).toBe(2);
    }
  });
});
