/** What a run of the chaos suite does: a library, and what happens to the machine meanwhile. All of it follows from the seed. */
import { brokenBooks } from '../helpers/broken-books.ts';
import { Chance } from './seeded.ts';

/** What is in a source file. */
export type Content =
  | { readonly kind: 'sample'; readonly index: number }
  | { readonly kind: 'short'; readonly words: number }
  | { readonly kind: 'long'; readonly chapters: number }
  | { readonly kind: 'broken'; readonly name: string };

export interface PlannedBook {
  readonly name: string;
  /** What an earlier run, without faults, ingested; null when the book is new. */
  readonly before: Content | null;
  readonly now: Content;
}

export type Target = 'workers' | 'temporal' | 'store' | 'all';

/** Each is an acknowledged effect of a step; a failpoint lies before it, after it, or in the middle of it. */
export const points = {
  files: ['artifact.create', 'artifact.append', 'artifact.commit', 'artifact.rename', 'artifact.write'],
  lancedb: ['store.upsert', 'store.deleteStale', 'catalog.put', 'catalog.putLibrary', 'lance.commit'],
  qdrant: ['store.upsert', 'store.deleteStale', 'catalog.put', 'catalog.putLibrary'],
} as const;
export type Point = (typeof points)['files' | 'lancedb' | 'qdrant'][number];

export type Fault =
  /** The worker kills itself at the nth effect of this kind; `torn`: when half of the bytes are written. */
  | {
      readonly kind: 'failpoint';
      readonly point: Point;
      readonly when: 'before' | 'after' | 'torn';
      readonly nth: number;
    }
  | { readonly kind: 'kill'; readonly target: Target; readonly afterMs: number }
  | {
      readonly kind: 'freeze';
      readonly target: 'workers' | 'temporal' | 'store';
      readonly afterMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'full-disk'; readonly afterMs: number; readonly forMs: number }
  | {
      readonly kind: 'store-refuses';
      readonly status: 429 | 500 | 503;
      readonly afterMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'store-hangs'; readonly afterMs: number; readonly forMs: number }
  /** The store does the nth write from now on, and its answer is lost. */
  | { readonly kind: 'store-answers-late'; readonly nth: number };

export interface ChaosPlan {
  readonly seed: number;
  readonly store: 'lancedb' | 'qdrant';
  readonly parallel: number;
  readonly books: readonly PlannedBook[];
  readonly faults: readonly Fault[];
}

/** Sample books that `books.ts` can copy. */
const SAMPLES = 8;
/** Longer than the heartbeat timeout of 15 s, so that Temporal takes the process for dead. */
const FREEZE_MS = 20_000;
/** 200 MB take longer to write than they teach. */
const BROKEN = brokenBooks.map(({ name }) => name).filter((name) => name !== 'huge.txt');

/** The first fault of a run by its seed, so that any forty seeds in a row meet each kind. */
const kinds = [
  'failpoint',
  'kill workers',
  'failpoint',
  'store-answers-late',
  'kill temporal',
  'failpoint',
  'freeze workers',
  'kill all',
  'failpoint',
  'store-refuses',
  'full-disk',
  'failpoint',
  'kill store',
  'kill workers',
  'failpoint',
  'freeze temporal',
  'failpoint',
  'store-hangs',
  'kill all',
  'freeze store',
] as const;
type Kind = (typeof kinds)[number];
const needQdrant: ReadonlySet<Kind> = new Set([
  'store-answers-late',
  'store-refuses',
  'store-hangs',
  'kill store',
  'freeze store',
]);

export function planOf(seed: number): ChaosPlan {
  // Neighbouring seeds of the generator begin alike.
  const chance = new Chance(seed * 2_654_435_761);
  const first = kinds[seed % kinds.length] ?? 'failpoint';
  const onlyLance = first === 'full-disk';
  const store = needQdrant.has(first) || (!onlyLance && chance.hit(0.3)) ? 'qdrant' : 'lancedb';
  const faults = [faultOf(first, store, chance)];
  // One failpoint a run: its file is armed once.
  const second = first === 'failpoint' || chance.hit(0.5) ? 'kill workers' : 'failpoint';
  if (chance.hit(0.35)) faults.push(faultOf(second, store, chance));
  return { seed, store, parallel: chance.whole(1, 6), books: booksOf(chance), faults };
}

function faultOf(kind: Kind, store: ChaosPlan['store'], chance: Chance): Fault {
  const afterMs = chance.whole(200, 6_000);
  switch (kind) {
    case 'failpoint':
      return failpoint(store, chance);
    case 'kill workers':
    case 'kill temporal':
    case 'kill store':
    case 'kill all':
      return { kind: 'kill', target: targetOf(kind), afterMs };
    case 'freeze workers':
    case 'freeze temporal':
    case 'freeze store': {
      const target = kind === 'freeze workers' ? 'workers' : kind === 'freeze store' ? 'store' : 'temporal';
      return { kind: 'freeze', target, afterMs: chance.whole(200, 4_000), forMs: FREEZE_MS };
    }
    case 'full-disk':
      return { kind, afterMs: chance.whole(300, 5_000), forMs: chance.whole(3_000, 10_000) };
    case 'store-refuses':
      return { kind, status: chance.pick([429, 500, 503]), afterMs, forMs: chance.whole(2_000, 8_000) };
    case 'store-hangs':
      return { kind, afterMs: chance.whole(300, 4_000), forMs: chance.whole(2_000, 5_000) };
    case 'store-answers-late':
      return { kind, nth: chance.whole(1, 12) };
  }
}

function targetOf(kind: 'kill workers' | 'kill temporal' | 'kill store' | 'kill all'): Target {
  const targets = {
    'kill workers': 'workers',
    'kill temporal': 'temporal',
    'kill store': 'store',
    'kill all': 'all',
  } as const;
  return targets[kind];
}

/** How often an effect comes in a small library at least, about. */
const often: Readonly<Record<Point, number>> = {
  'artifact.create': 8,
  'artifact.append': 10,
  'artifact.commit': 8,
  'artifact.rename': 8,
  'artifact.write': 12,
  'store.upsert': 4,
  'store.deleteStale': 2,
  'catalog.put': 4,
  'catalog.putLibrary': 1,
  'lance.commit': 8,
};

function failpoint(store: ChaosPlan['store'], chance: Chance): Fault {
  const point = chance.pick([...points.files, ...points[store]]);
  const when = point === 'artifact.write' ? 'torn' : chance.pick(['before', 'after'] as const);
  return { kind: 'failpoint', point, when, nth: chance.whole(1, often[point]) };
}

/** Four to twelve books. Half of the libraries were ingested before, and changed since. */
function booksOf(chance: Chance): PlannedBook[] {
  const contents = [
    ...chance.some(samples, chance.whole(1, 5)),
    ...chance.some(BROKEN, chance.whole(1, 3)).map((name): Content => ({ kind: 'broken', name })),
    ...Array.from({ length: chance.whole(1, 3) }, (): Content => shortBook(chance)),
    ...(chance.hit(0.9) ? [longBook(chance)] : []),
  ];
  const known = chance.hit(0.5);
  return contents.map((now, at) => ({
    name: `${at}-${nameOf(now)}`,
    now,
    before: known ? before(now, chance) : null,
  }));
}

const samples = Array.from({ length: SAMPLES }, (_, index): Content => ({ kind: 'sample', index }));

function shortBook(chance: Chance): Content {
  return { kind: 'short', words: chance.whole(5, 900) };
}

function longBook(chance: Chance): Content {
  return { kind: 'long', chapters: chance.whole(80, 240) };
}

/** The same, another edition of the same format, or nothing. A broken book may have been a good one. */
function before(now: Content, chance: Chance): Content | null {
  if (chance.hit(0.3)) return null;
  const text = now.kind === 'short' || now.kind === 'long' || nameOf(now).endsWith('.txt');
  return text && chance.hit(0.7) ? shortBook(chance) : now;
}

export function nameOf(content: Content): string {
  if (content.kind === 'sample') return `sample${content.index}`;
  if (content.kind === 'broken') return content.name;
  return `${content.kind}.txt`;
}
