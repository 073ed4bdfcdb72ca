/**
 * How far a run is, weighted by the work that its books are: one giant PDF is not one of 9,000.
 *
 * A book weighs the chunks that it gives. Before they are known they are told from its bytes, by how many chunks a
 * megabyte of that ending gave so far in this run. Pure: the caller gives the time.
 */
import type { RunProgress } from '../workflows/contract.ts';

export interface WorkInFlight {
  readonly path: string;
  readonly bytes?: number;
  readonly startedAtMs: number;
  /** Null before the book is cut. */
  readonly chunks: number | null;
  /** Share of the book's work that is done, 0 to 1. */
  readonly done: number;
}

export type RunWork = Pick<
  RunProgress,
  'state' | 'books' | 'chunks' | 'formats' | 'samples' | 'startedAtMs'
> & {
  readonly running: readonly WorkInFlight[];
};

export interface RunWeight {
  /** Share of the work that is done, 0 to 1. */
  readonly done: number;
  /** Chunks that the run will have ingested at its end, as it looks now. */
  readonly expectedChunks: number;
  /** Chunks a second over the last minutes; 0 until there are any. */
  readonly rate: number;
  /** Null until there is a rate to tell it from, and while no new book is started. */
  readonly secondsLeft: number | null;
}

export function runWeight(work: RunWork, nowMs: number): RunWeight {
  const density = densitiesOf(work.formats);
  const flying = work.running.map((book) => weigh(book, density));
  const toCome = chunksToCome(work, flying, density);
  const inFlight = sum(flying.map(({ weight, done }) => weight * done));
  const remaining = toCome - inFlight;
  const rate = rateOf(work, flying, nowMs);
  return {
    done: shareDone(work, settledWeight(work.formats, density) + inFlight, remaining),
    expectedChunks: Math.round(work.chunks + toCome),
    rate,
    secondsLeft: secondsLeft(work, remaining, rate),
  };
}

function secondsLeft({ state, formats }: RunWork, remaining: number, rate: number): number | null {
  if (state === 'done') return 0;
  return state === 'ingesting' && countsBytes(formats) && rate > SLOWEST ? remaining / rate : null;
}

/** A run that version 0.1 began does not. */
function countsBytes(formats: RunWork['formats']): boolean {
  return Object.values(formats).some(({ bytes }) => bytes > 0);
}

/** Below this (a chunk in three hours) the time left says nothing. */
const SLOWEST = 1e-4;

/** Share of a book's work that lies before each stage; embedding is nearly all of it. */
const stageShare = {
  extract: 0,
  chunk: 0.05,
  embed: 0.08,
  upsert: 0.95,
  verify: 0.98,
  commit: 0.99,
} as const;
const stageOrder = ['extract', 'chunk', 'embed', 'upsert', 'verify', 'commit'] as const;

/** Share of a book's work that is done at a position of a stage, 0 to 1. */
export function bookShare(
  stage: (typeof stageOrder)[number],
  position: { readonly done: number; readonly total: number | null } | null,
): number {
  const from = stageShare[stage];
  const next = stageOrder[stageOrder.indexOf(stage) + 1];
  const upTo = next ? stageShare[next] : 1;
  const within = position?.total ? Math.min(1, Math.max(0, position.done / position.total)) : 0;
  return from + (upTo - from) * within;
}

/** Chunks a megabyte, by ending. */
type Densities = (ending: string) => number;

/**
 * Chunks a megabyte where a run has not yet seen any of an ending: as measured on the books of `samples/`, which are text
 * without pictures. A library of illustrated books gives fewer, which its first megabytes correct.
 */
const usualDensity: Readonly<Record<string, number>> = {
  '.pdf': 580,
  '.epub': 1_480,
  '.docx': 850,
  '.html': 1_150,
  '.htm': 1_150,
  '.xhtml': 1_150,
  '.md': 1_320,
  '.markdown': 1_320,
  '.txt': 940,
  '.text': 940,
};
const UNKNOWN_DENSITY = 500;
const BYTES_PER_MB = 1_000_000;
/** What is usual counts like this many megabytes that were seen, so that the first small book does not turn everything round. */
const PRIOR_MB = 1;

function densitiesOf(formats: RunWork['formats']): Densities {
  const usual = (ending: string): number => usualDensity[ending] ?? UNKNOWN_DENSITY;
  // A library whose books give twice the usual gives twice the usual in endings not seen yet, too.
  const seen = Object.entries(formats).filter(([, { ingestedBytes }]) => ingestedBytes > 0);
  const expected = sum(seen.map(([ending, { ingestedBytes }]) => megabytes(ingestedBytes) * usual(ending)));
  const found = sum(seen.map(([, { chunks }]) => chunks));
  const prior = PRIOR_MB * UNKNOWN_DENSITY;
  const correction = (found + prior) / (expected + prior);
  return (ending) => {
    const { chunks, ingestedBytes } = formats[ending] ?? { chunks: 0, ingestedBytes: 0 };
    const assumed = usual(ending) * correction * PRIOR_MB;
    return (chunks + assumed) / (megabytes(ingestedBytes) + PRIOR_MB);
  };
}

interface Flying extends WorkInFlight {
  readonly ending: string;
  readonly weight: number;
}

function weigh(book: WorkInFlight, density: Densities): Flying {
  const ending = endingOf(book.path);
  return { ...book, ending, weight: book.chunks ?? megabytes(book.bytes ?? 0) * density(ending) };
}

/** Chunks of all books that are not settled. */
function chunksToCome({ formats }: RunWork, flying: readonly Flying[], density: Densities): number {
  const known = new Map<string, number>();
  for (const { ending, bytes = 0 } of flying) known.set(ending, (known.get(ending) ?? 0) + bytes);
  const waiting = Object.entries(formats).map(([ending, { bytes, settledBytes }]) => {
    const unsettled = bytes - settledBytes - (known.get(ending) ?? 0);
    return megabytes(Math.max(0, unsettled)) * density(ending);
  });
  return sum(waiting) + sum(flying.map(({ weight }) => weight));
}

/** What is ingested counts as what it gave; what failed or was cancelled as what it would have given. */
function settledWeight(formats: RunWork['formats'], density: Densities): number {
  return sum(
    Object.entries(formats).map(
      ([ending, { settledBytes, ingestedBytes, chunks }]) =>
        chunks + megabytes(Math.max(0, settledBytes - ingestedBytes)) * density(ending),
    ),
  );
}

function shareDone({ state, books, formats, running }: RunWork, done: number, remaining: number): number {
  if (state === 'done') return 1;
  if (state === 'scanning') return 0;
  if (!countsBytes(formats)) return shareOfBooks(books, running);
  const total = done + remaining;
  if (total > 0) return Math.min(1, Math.max(0, done / total));
  const all = Object.values(formats);
  return sum(all.map((each) => each.settledBytes)) / sum(all.map((each) => each.bytes));
}

/** Every book weighs the same where nothing is known of their sizes. */
function shareOfBooks(books: RunWork['books'], running: RunWork['running']): number {
  const settled = books.ingested + books.unchanged + books.failed + books.cancelled;
  const inFlight = sum(running.map(({ done }) => done));
  return books.total > 0 ? Math.min(1, (settled + inFlight) / books.total) : 0;
}

/** Chunks settled since the oldest sample, and what books in flight did since then. */
function rateOf(work: RunWork, flying: readonly Flying[], nowMs: number): number {
  const [oldest] = work.samples;
  const firstStart = Math.min(...work.running.map(({ startedAtMs }) => startedAtMs), nowMs);
  const from = oldest ?? { atMs: firstStart, chunks: work.chunks };
  const seconds = (nowMs - from.atMs) / 1_000;
  if (seconds < MIN_SECONDS) return 0;
  const since = (book: Flying): number => {
    const age = nowMs - book.startedAtMs;
    const share = age > 0 ? Math.min(1, (nowMs - from.atMs) / age) : 0;
    return (book.chunks ?? 0) * book.done * share;
  };
  return Math.max(0, work.chunks - from.chunks + sum(flying.map(since))) / seconds;
}

/** A rate over less says nothing. */
const MIN_SECONDS = 3;

function endingOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot).toLowerCase() : '';
}

const megabytes = (bytes: number): number => bytes / BYTES_PER_MB;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
