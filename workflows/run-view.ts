/** What is seen of a run: by query, in Temporal's UI, by search attribute, and in its result. */
import { patched, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { BookCounts, IngestLibraryResult, RunProgress } from './contract.ts';
import type { LibraryRun } from './library-run.ts';
import type { RunState } from './run-contract.ts';
import type { RunWindow } from './run-window.ts';
import { booksDoneKey, booksFailedKey, libraryKey, stateKey } from './search-attributes.ts';

export function stateOf({ window, finished }: LibraryRun): RunState {
  if (!window) return 'scanning';
  if (finished) return 'done';
  if (window.cancelling) return 'cancelling';
  return window.paused ? 'paused' : 'ingesting';
}

export function progressOf(run: LibraryRun): RunProgress {
  const { library, startedAtMs, window } = run;
  const about = { library, startedAtMs, state: stateOf(run) };
  if (!window) {
    const books = { total: 0, ingested: 0, unchanged: 0, failed: 0, cancelled: 0 };
    const nothing = { chunks: 0, formats: {}, samples: [], running: [], failures: [] };
    return { ...about, parallel: run.parallel, books, ...nothing };
  }
  const { counts: books, parallel, chunks, formats, samples, running, failures } = window;
  const { skippedFiles, pruned } = window;
  return { ...about, parallel, books, chunks, formats, samples, running, failures, skippedFiles, pruned };
}

/** Details in Temporal's UI, always; search attributes when the state changes or a good part of the books is done. */
export function showRun(run: LibraryRun): void {
  const { window } = run;
  if (!window) return;
  setCurrentDetails(detailsOf(run, window));
  if (run.searchable) publish(run, window);
}

/** The last word of a run that was cancelled, every book of which is accounted for. */
export function showCancelled(run: LibraryRun): void {
  if (run.window && run.searchable) upsert(run, run.window, 'cancelled');
}

/** An update is an event in the history: one for each hundredth of the books, and at most one for each fifty books. */
function publish(run: LibraryRun, window: RunWindow): void {
  const { counts } = window;
  const known = workflowInfo().typedSearchAttributes;
  const state = stateOf(run);
  const step = Math.max(50, Math.ceil(counts.total / 100));
  const ahead = doneOf(counts) - Number(known.get(booksDoneKey) ?? 0);
  // A retry takes failed books back.
  const stale = ahead >= step || (ahead < 0 && patched('counts-that-fall-are-shown'));
  if (known.get(stateKey) === state && !stale) return;
  upsert(run, window, state);
}

function doneOf({ ingested, unchanged, failed, cancelled }: BookCounts): number {
  return ingested + unchanged + failed + cancelled;
}

function upsert({ library }: LibraryRun, { counts }: RunWindow, state: RunState | 'cancelled'): void {
  upsertSearchAttributes([
    { key: libraryKey, value: library },
    { key: stateKey, value: state },
    { key: booksDoneKey, value: doneOf(counts) },
    { key: booksFailedKey, value: counts.failed },
  ]);
}

/** In Markdown. */
function detailsOf(
  run: LibraryRun,
  { counts, chunks, failures, parallel, running, waiting }: RunWindow,
): string {
  const { total, ingested, unchanged, failed, cancelled } = counts;
  const latest = failures.slice(-5).map(({ path, code }) => `- \`${code}\` ${fileName(path)}`);
  return [
    `**${ingested + unchanged + failed + cancelled} of ${total} books**: ${ingested} ingested, ${unchanged} unchanged, ${failed} failed, ${cancelled} cancelled; ${chunks} chunks`,
    `${stateOf(run)}: ${running.length} in flight of ${parallel} allowed, ${waiting} waiting`,
    ...latest,
  ].join('\n\n');
}

export function resultOf(run: LibraryRun, window: RunWindow): IngestLibraryResult {
  return {
    workflowId: workflowInfo().workflowId,
    library: run.library,
    books: window.counts,
    chunks: window.chunks,
    failures: window.failures,
    skippedFiles: window.skippedFiles,
    pruned: window.pruned,
    seconds: (Date.now() - run.startedAtMs) / 1000,
  };
}

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 200);
}
