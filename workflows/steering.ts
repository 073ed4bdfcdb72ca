/** The updates on a run. Each is validated before it is accepted, so that a bad value leaves no trace in the history. */
import {
  ApplicationFailure,
  CancellationScope,
  defineUpdate,
  getExternalWorkflowHandle,
  patched,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { z } from 'zod';
import type { RunActivities } from '../activities/run.ts';
import type { ScanActivities } from '../activities/scan.ts';
import { ingestBookId, type ManifestEntry, type RunningBook, type WaitingBook } from './contract.ts';
import { parseInput } from './input.ts';
import type { LibraryRun } from './library-run.ts';
import { policies } from './policies.ts';
import {
  namedBooksInput,
  type RetryFailedInput,
  type RunUpdate,
  retryFailedInput,
  runUpdates,
  type Steered,
  setParallelInput,
} from './run-contract.ts';
import { showRun, stateOf } from './run-view.ts';
import type { RunWindow } from './run-window.ts';

const { scanLibrary } = proxyActivities<ScanActivities>(policies.scan);
const { findInManifest } = proxyActivities<ScanActivities>(policies.quick);
const { recordOutcome, cancelWorkflow } = proxyActivities<RunActivities>(policies.quick);

export function steer(run: LibraryRun): void {
  onUpdate(run, 'pause', null, () => setPaused(run, true));
  onUpdate(run, 'resume', null, () => setPaused(run, false));
  onUpdate(run, 'setParallel', setParallelInput, ({ parallel }) => {
    run.parallel = parallel;
    if (run.window) run.window.parallel = parallel;
    return 0;
  });
  onUpdate(run, 'cancelRun', null, () => cancelRun(run));
  onUpdate(run, 'cancelBooks', namedBooksInput, ({ books }) => cancelBooks(run, books));
  onUpdate(run, 'moveToFront', namedBooksInput, ({ books }) => moveToFront(run, books));
  onUpdate(run, 'retryFailed', retryFailedInput, (input) => retryFailed(run, input));
}

/** Registers an update. Its handler resolves to the number of books that it touched. */
function onUpdate<S extends z.ZodType>(
  run: LibraryRun,
  name: RunUpdate,
  schema: S | null,
  handle: (input: z.output<S>) => number | Promise<number>,
): void {
  const validator = (input?: z.input<S>): void => {
    if (schema) parseInput(schema, input ?? {});
    assertOpen(run, name);
  };
  const handler = async (input?: z.input<S>): Promise<Steered> => {
    const books = await handle(schema ? parseInput(schema, input ?? {}) : (input as z.output<S>));
    showRun(run);
    return { state: stateOf(run), parallel: run.window?.parallel ?? run.parallel, books };
  };
  setHandler(defineUpdate<Steered, [input?: z.input<S>]>(runUpdates[name]), handler, { validator });
}

const needWindow: ReadonlySet<RunUpdate> = new Set(['cancelBooks', 'moveToFront', 'retryFailed']);

function assertOpen(run: LibraryRun, name: RunUpdate): void {
  if (run.window?.cancelling) throw notNow(`${name}: the run is being cancelled`);
  if (!run.window && needWindow.has(name))
    throw notNow(`${name}: the books are still being looked for; try again in a moment`);
  // Both would find the same books.
  if (run.retrying && name === 'retryFailed')
    throw notNow(`${name}: an earlier retry is looking for its books`);
}

function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'INVALID_ARGUMENT');
}

/** Nothing is wrong with the change itself. */
function notNow(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'RUN_NOT_READY');
}

function setPaused(run: LibraryRun, paused: boolean): number {
  run.paused = paused;
  if (run.window) run.window.paused = paused;
  if (!paused) run.adopted.release();
  return 0;
}

function windowOf({ window }: LibraryRun): RunWindow {
  if (!window) throw notNow('the books are still being looked for');
  return window;
}

/** By way of Temporal, as an operator does it: a workflow that cancels itself would end as «failed». */
async function cancelRun({ window }: LibraryRun): Promise<number> {
  const books = window ? window.running.length + window.waiting : 0;
  const { workflowId } = workflowInfo();
  await CancellationScope.nonCancellable(() => cancelWorkflow({ workflowId }));
  return books;
}

async function cancelBooks(run: LibraryRun, books: readonly string[]): Promise<number> {
  const window = windowOf(run);
  const { library } = run;
  const { inFlight, waiting } = await locate(run, books);
  if (waiting.length > 0) assertRoom(window);
  // As versions before 0.7 did it, await by await: a book may be started while another one is recorded.
  if (!patched('cancelled-books-are-taken-at-once')) {
    for (const book of waiting) {
      window.cancelWaiting(book, Date.now());
      await recordCancelled(run, book.entry);
    }
    const handles = inFlight.map(({ bookId }) => getExternalWorkflowHandle(ingestBookId(library, bookId)));
    await Promise.allSettled(handles.map((handle) => handle.cancel()));
    return waiting.length + inFlight.length;
  }
  // While they are recorded the run goes on: none of them may be started meanwhile.
  const taken = waiting.filter((book) => window.cancelWaiting(book, Date.now()));
  const ending = Promise.all(namedInFlight(window, books).map((book) => cancelInFlight(run, book)));
  const recorded = await Promise.allSettled(taken.map(({ entry }) => recordCancelled(run, entry)));
  const ended = await ending;
  const failed = recorded.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return taken.length + ended.filter(Boolean).length;
}

/** Without a promise of its own: former versions awaited the activity's, and a history tells their turns apart. */
function recordCancelled({ library }: LibraryRun, { bookId, path, bytes }: ManifestEntry): Promise<void> {
  return recordOutcome({ library, bookId, path, bytes, outcome: { outcome: 'cancelled' } });
}

/** False for a book that has ended by now: it has told so, or is looked at. */
async function cancelInFlight(run: LibraryRun, { bookId }: RunningBook): Promise<boolean> {
  // What is only being started can't be told anything yet.
  await run.started(bookId);
  run.adopted.drop(bookId);
  return await getExternalWorkflowHandle(ingestBookId(run.library, bookId))
    .cancel()
    .then(
      () => true,
      () => false,
    );
}

async function moveToFront(run: LibraryRun, books: readonly string[]): Promise<number> {
  const window = windowOf(run);
  const { waiting } = await locate(run, books);
  if (waiting.length > 0) assertRoom(window);
  window.moveToFront(waiting);
  return waiting.length;
}

function assertRoom({ crowded }: RunWindow): void {
  if (crowded) throw notNow(`${crowded}; try again when some of them are done`);
}

interface LocatedBooks {
  readonly inFlight: readonly RunningBook[];
  readonly waiting: readonly WaitingBook[];
}

/** Those that are in flight, and those that wait. A name of neither is refused, and nothing is done. */
async function locate(run: LibraryRun, books: readonly string[]): Promise<LocatedBooks> {
  const window = windowOf(run);
  const inFlight = (name: string): boolean =>
    window.running.some(({ bookId, path }) => name === bookId || name === path);
  const found = books.every(inFlight)
    ? []
    : await findInManifest({ manifests: window.manifests, from: 0, books });
  const waiting = found.filter((book) => window.isWaiting(book));
  const running = namedInFlight(window, books);
  const known = new Set(
    [...waiting.map(({ entry }) => entry), ...running].flatMap(({ bookId, path }) => [bookId, path]),
  );
  const unknown = books.filter((book) => !known.has(book));
  if (unknown.length > 0)
    throw refusal(`not in flight and not waiting in this run: ${unknown.slice(0, 5).join(', ')}`);
  return { inFlight: running, waiting };
}

function namedInFlight({ running }: RunWindow, books: readonly string[]): readonly RunningBook[] {
  const names = new Set(books);
  return running.filter(({ bookId, path }) => names.has(bookId) || names.has(path));
}

/** Books of this run that failed wait again, before all that were not moved to the front. Those in flight are being tried already. */
async function retryFailed(run: LibraryRun, { all = false }: RetryFailedInput): Promise<number> {
  const { library, startedAtMs, input } = run;
  const window = windowOf(run);
  const first = patched('retried-books-go-first');
  if (first ? window.retrying > 0 : window.manifests.length > 1 && window.waiting > 0)
    throw notNow('the books of an earlier retry are still waiting');
  const except = window.running.map(({ bookId }) => bookId);
  run.retrying = true;
  try {
    const found = await scanLibrary({
      library,
      ...(input.paths && { paths: input.paths }),
      retry: all ? 'all' : 'failed',
      sinceMs: window.scannedAtMs ?? startedAtMs,
      except,
    });
    const waits = found.toIngest > 0 || !patched('a-retry-of-no-book-blocks-none');
    window.retry(found, { waits, last: !first });
    return found.toIngest;
  } finally {
    run.retrying = false;
  }
}
