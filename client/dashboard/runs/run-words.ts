/** What a run is about, in words. */
import type { BookInFlight, Run } from '../api/types.ts';
import { amount, chunkRate, percent } from '../text/amounts.ts';
import { duration } from '../text/duration.ts';

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly tone?: 'bad';
}

const ended: ReadonlySet<Run['state']> = new Set(['done', 'cancelled', 'terminated', 'failed']);

export function isOver({ state }: Run): boolean {
  return ended.has(state);
}

/** Books that need nothing more, whatever became of them. */
export function booksDone({ books }: Run): number {
  return books.ingested + books.unchanged + books.failed + books.cancelled;
}

export function factsOf(run: Run): Fact[] {
  const { books, chunks, rate, secondsLeft } = run;
  return [
    { name: 'Books', value: `${amount(booksDone(run))} of ${amount(books.total)}` },
    { name: 'Chunks', value: amount(chunks) },
    ...(isOver(run)
      ? []
      : [
          { name: 'Rate', value: rate === null ? '–' : chunkRate(rate) },
          { name: 'Time left', value: secondsLeft === null ? '–' : `about ${duration(secondsLeft)}` },
        ]),
    ...(books.unchanged > 0 ? [{ name: 'Unchanged', value: amount(books.unchanged) }] : []),
    ...(books.incomplete
      ? [{ name: 'Damaged in part', value: amount(books.incomplete), tone: 'bad' as const }]
      : []),
    ...(books.cancelled > 0 ? [{ name: 'Cancelled', value: amount(books.cancelled) }] : []),
    ...(books.failed > 0 ? [{ name: 'Failed', value: amount(books.failed), tone: 'bad' as const }] : []),
  ];
}

const stageWords: Readonly<Record<string, string>> = {
  scan: 'found',
  extract: 'reading',
  chunk: 'cutting into passages',
  embed: 'embedding',
  upsert: 'storing',
  verify: 'counting',
  commit: 'making it visible',
};

/** `embedding, 120 of 480`. */
export function stageOf({ stage, position }: BookInFlight): string {
  const word = stage === null ? 'between two steps' : (stageWords[stage] ?? stage);
  if (!position) return word;
  const of = position.total === null ? '' : ` of ${amount(position.total)}`;
  return `${word}, ${amount(position.done)}${of}`;
}

/** What a screen reader is told; it changes only at tenths and at states. */
export function spoken({ library, state, done }: Run): string {
  if (state === 'scanning') return `Library ${library}: looking for books.`;
  return `Library ${library} is ${state}: ${percent(Math.floor(done * 10) / 10)} done.`;
}
