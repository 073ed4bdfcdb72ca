/** Progress of a run on standard error: bars at a terminal, lines elsewhere. */
import { basename } from 'node:path';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { BookInFlight, IngestProgress } from '../ingest-handle.ts';
import { duration, plural, printable, say } from './output.ts';
import { RunEstimate } from './run-estimate.ts';

export interface ProgressView {
  update(progress: IngestProgress): void;
  stop(): void;
}

export function createProgressView(): ProgressView {
  return process.stderr.isTTY ? new ProgressBars() : new ProgressLines();
}

/** A line at most this often, and only when something changed. */
const LINE_EVERY_MS = 5_000;

class ProgressLines implements ProgressView {
  readonly #estimate = new RunEstimate();
  #toldAtMs = 0;
  #told = '';

  update(progress: IngestProgress): void {
    const counts = overall(progress, this.#estimate);
    if (counts === this.#told || Date.now() - this.#toldAtMs < LINE_EVERY_MS) return;
    this.#toldAtMs = Date.now();
    this.#told = counts;
    const running = progress.running.map((book) => `${nameOf(book)} ${stageText(book)}`).join(', ');
    say(running ? `${counts} · ${running}` : counts);
  }

  stop(): void {}
}

class ProgressBars implements ProgressView {
  readonly #estimate = new RunEstimate();
  readonly #bars = new MultiBar(
    {
      stream: process.stderr,
      format: ' {bar} {percentage} % {label}',
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      barsize: 24,
    },
    Presets.shades_classic,
  );
  readonly #overall = this.#bars.create(100, 0, { label: 'scanning' });
  readonly #books = new Map<string, SingleBar>();

  update(progress: IngestProgress): void {
    const { done, total } = settledOf(progress);
    this.#overall.setTotal(Math.max(1, total));
    this.#overall.update(done, { label: overall(progress, this.#estimate) });
    const running = new Map(progress.running.map((book) => [book.bookId, book]));
    for (const [bookId, bar] of this.#books) if (!running.has(bookId)) this.#drop(bookId, bar);
    for (const book of running.values()) this.#show(book);
  }

  stop(): void {
    this.#bars.stop();
  }

  #show(book: BookInFlight): void {
    const bar = this.#books.get(book.bookId) ?? this.#bars.create(100, 0, { label: nameOf(book) });
    this.#books.set(book.bookId, bar);
    bar.setTotal(Math.max(1, book.position?.total ?? 1));
    bar.update(book.position?.done ?? 0, { label: `${nameOf(book)} · ${stageText(book)}` });
  }

  #drop(bookId: string, bar: SingleBar): void {
    this.#bars.remove(bar);
    this.#books.delete(bookId);
  }
}

function settledOf({ books }: IngestProgress): { done: number; total: number } {
  return { done: books.ingested + books.unchanged + books.failed + books.cancelled, total: books.total };
}

function overall(progress: IngestProgress, estimate: RunEstimate): string {
  if (progress.state === 'scanning') return 'looking for books';
  const { done, total } = settledOf(progress);
  const { chunksPerSecond, secondsLeft } = estimate.after(progress, Date.now());
  const failed = progress.books.failed > 0 ? `, ${progress.books.failed} failed` : '';
  const rate = chunksPerSecond > 0 ? `, ${chunksPerSecond.toFixed(1)} chunks/s` : '';
  const left = secondsLeft === null ? '' : `, about ${duration(secondsLeft)} left`;
  return `${done} of ${plural(total, 'book')}${failed}, ${plural(progress.chunks, 'chunk')}${rate}${left}`;
}

const units = { extract: 'pages', chunk: 'pages', embed: 'chunks', upsert: 'chunks' } as const;

function stageText({ stage, position }: BookInFlight): string {
  if (!stage) return 'waiting';
  const unit = stage in units ? units[stage as keyof typeof units] : '';
  return position?.total ? `${stage} ${position.done}/${position.total} ${unit}` : stage;
}

function nameOf({ path }: BookInFlight): string {
  return printable(basename(path)).slice(0, 40);
}
