/** Rate and time left of a run, from what its watcher saw. Pure: the caller gives the time. */
import type { IngestProgress } from '../ingest-handle.ts';

export interface Estimate {
  readonly chunksPerSecond: number;
  /** Null until there is enough to tell. */
  readonly secondsLeft: number | null;
}

/** Rates older than this say nothing about now. */
const WINDOW_MS = 60_000;

interface Sample {
  readonly atMs: number;
  readonly chunks: number;
  readonly booksDone: number;
}

export class RunEstimate {
  readonly #samples: Sample[] = [];

  /** Takes what the run says now, and gives the estimate over the last minute. */
  after(progress: IngestProgress, nowMs: number): Estimate {
    const sample = sampleOf(progress, nowMs);
    this.#samples.push(sample);
    while (this.#samples.length > 2 && (this.#samples[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS)
      this.#samples.shift();
    const first = this.#samples[0] ?? sample;
    const seconds = (sample.atMs - first.atMs) / 1_000;
    if (seconds <= 0) return { chunksPerSecond: 0, secondsLeft: null };
    const booksPerSecond = (sample.booksDone - first.booksDone) / seconds;
    const left = progress.books.total - sample.booksDone;
    return {
      chunksPerSecond: Math.max(0, sample.chunks - first.chunks) / seconds,
      secondsLeft: booksPerSecond > 0 ? left / booksPerSecond : null,
    };
  }
}

/** Books and chunks done, those of the books in flight by their share. */
function sampleOf({ books, chunks, running }: IngestProgress, atMs: number): Sample {
  const embedding = running.filter((book) => book.stage === 'embed' && book.position?.total);
  const share = embedding.reduce(
    (sum, { position }) => sum + (position ? position.done / (position.total ?? 1) : 0),
    0,
  );
  const embedded = embedding.reduce((sum, { position }) => sum + (position?.done ?? 0), 0);
  const storing = running
    .filter((book) => book.stage === 'upsert')
    .reduce((sum, { position }) => sum + (position?.total ?? 0), 0);
  return {
    atMs,
    chunks: chunks + embedded + storing,
    booksDone: books.ingested + books.unchanged + books.failed + books.cancelled + share,
  };
}
