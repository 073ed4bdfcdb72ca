/** What a terminal shows of a run: a row for the whole of it, and one for each book in flight. Pure. */
import { basename } from 'node:path';
import type { BookFailure } from '../../workflows/contract.ts';
import type { BookInFlight, IngestProgress } from '../ingest-handle.ts';
import { duration, plural, printable } from './output.ts';

export interface Row {
  /** The same for the same run or book, as long as it is shown. */
  readonly key: string;
  readonly kind: 'run' | 'book' | 'more';
  /** Share that is done, 0 to 1. */
  readonly done: number;
  readonly label: string;
}

/** @param name what the run is called, where there are several */
export function rowsOf(progress: IngestProgress, name = ''): Row[] {
  const { library, done, running, inFlight } = progress;
  const more = inFlight - running.length;
  return [
    { key: library, kind: 'run', done, label: `${name ? `${name}: ` : ''}${runText(progress)}` },
    ...running.map((book): Row => bookRow(library, book)),
    ...(more > 0
      ? [
          {
            key: `${library}/more`,
            kind: 'more' as const,
            done: 0,
            label: `and ${plural(more, 'more book')}`,
          },
        ]
      : []),
  ];
}

/** Books, failures, chunks, rate and time left, in one line. */
export function runText(progress: IngestProgress): string {
  const { state, parallel, books, chunks, rate, secondsLeft } = progress;
  if (state === 'scanning') return 'looking for books';
  const settled = books.ingested + books.unchanged + books.failed + books.cancelled;
  return [
    ...(state === 'ingesting' || state === 'done' ? [] : [state]),
    `${settled.toLocaleString('en')} of ${plural(books.total, 'book')}`,
    ...(books.failed > 0 ? [`${books.failed.toLocaleString('en')} failed`] : []),
    ...(books.cancelled > 0 ? [`${books.cancelled.toLocaleString('en')} cancelled`] : []),
    plural(chunks, 'chunk'),
    ...(rate > 0 ? [`${rate.toFixed(1)} chunks/s`] : []),
    ...(secondsLeft === null || state === 'done' ? [] : [`about ${duration(secondsLeft)} left`]),
    `parallel ${parallel}`,
  ].join(', ');
}

/** One line for where no bar can be drawn: share, counts, and each book in flight. */
export function runLine(progress: IngestProgress): string {
  const { state, done, running, inFlight } = progress;
  const share = state === 'scanning' ? '' : `${percent(done)} · `;
  const books = running.map((book) => `${nameOf(book)} ${stageText(book)}`);
  const more = inFlight > running.length ? [`and ${inFlight - running.length} more`] : [];
  return [`${share}${runText(progress)}`, ...(books.length > 0 ? [[...books, ...more].join(', ')] : [])].join(
    ' · ',
  );
}

/** Never 100 % before the end. */
export function percent(done: number): string {
  return `${done >= 1 ? 100 : Math.min(99, Math.floor(done * 100))} %`;
}

/** Tells of each failure once, in the order in which the run lists them. */
export class NewFailures {
  readonly #told = new Set<string>();

  of(failures: readonly BookFailure[]): string[] {
    const fresh = failures.filter((failure) => !this.#told.has(keyOf(failure)));
    for (const failure of fresh) this.#told.add(keyOf(failure));
    return fresh.map(({ code, path }) => `✗ ${code} ${printable(basename(path))}`);
  }
}

/** A book that is tried again and fails again is told of again when anything is different. */
function keyOf({ path, code, stage, attempts, message }: BookFailure): string {
  return JSON.stringify([path, code, stage, attempts, message]);
}

const units = { extract: 'pages', chunk: 'pages', embed: 'chunks', upsert: 'chunks' } as const;

function bookRow(library: string, book: BookInFlight): Row {
  const label = `${nameOf(book).padEnd(NAME_LENGTH)} ${stageText(book)}`;
  return { key: `${library}/${book.bookId}`, kind: 'book', done: book.done, label };
}

function stageText({ stage, position }: BookInFlight): string {
  if (!stage) return 'waiting';
  const unit = stage in units ? units[stage as keyof typeof units] : '';
  return position?.total
    ? `${stage} ${position.done.toLocaleString('en')}/${position.total.toLocaleString('en')} ${unit}`.trimEnd()
    : stage;
}

const NAME_LENGTH = 32;

function nameOf({ path }: BookInFlight): string {
  const name = printable(basename(path));
  return name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH - 1)}…`;
}
