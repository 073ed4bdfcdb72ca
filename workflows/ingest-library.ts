/** The run over a library: scans it, keeps a window of child workflows full, and ends with what became of every book. */

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunActivities } from '../activities/run.ts';
import type { ScanActivities } from '../activities/scan.ts';
import {
  type BookReport,
  bookDoneSignal,
  type IngestBookInput,
  type IngestLibraryInput,
  type IngestLibraryResult,
  ingestBookId,
  ingestLibraryInput,
  type ManifestEntry,
  type RunProgress,
  runProgressQuery,
} from './contract.ts';
import type { ingestBook } from './ingest-book.ts';
import { parseInput } from './input.ts';
import { CHILDREN_PER_STEP, policies, SILENT_CHILD_CHECK } from './policies.ts';
import { RunWindow } from './run-window.ts';

const { scanLibrary } = proxyActivities<ScanActivities>(policies.scan);
const { readManifest } = proxyActivities<ScanActivities>(policies.quick);
const { inspectChildren } = proxyActivities<RunActivities>(policies.quick);

const bookDone = defineSignal<[BookReport]>(bookDoneSignal);
const runProgress = defineQuery<RunProgress>(runProgressQuery);

/** Manifest entries fetched at once: with paths of ordinary length a page stays under 32 KB. */
const MANIFEST_PAGE = 100;

export async function ingestLibrary(raw: IngestLibraryInput): Promise<IngestLibraryResult> {
  const input = parseInput(ingestLibraryInput, raw);
  const { library, parallel, paths = [] } = input;
  const startedAtMs = input.carried?.startedAtMs ?? Date.now();
  // Before the handlers: reports that came between two steps are delivered the moment there is one for them.
  let window = input.carried && RunWindow.resume(input.carried, parallel);
  let finished = false;

  setHandler(bookDone, (report) => void window?.settle(report));
  setHandler(runProgress, () => progressOf(window, { library, parallel, startedAtMs, finished }));

  window ??= new RunWindow(await scanLibrary({ library, paths }), parallel, startedAtMs);
  const run = new Run(window, library);
  try {
    await run.untilSettledOrLong();
  } catch (error) {
    if (!isCancelled(error)) throw error;
    await CancellationScope.nonCancellable(() => run.cancel());
    throw error;
  }
  if (!window.settled)
    await continueAsNew<typeof ingestLibrary>({ library, parallel, paths, carried: window.carry() });
  finished = true;
  return resultOf(window, library);
}

/** One step of a run, up to the point where it continues as new. */
class Run {
  readonly #window: RunWindow;
  readonly #library: string;
  #page: readonly ManifestEntry[] = [];
  #started = 0;
  #timerRuns = false;
  #checkDue = false;

  constructor(window: RunWindow, library: string) {
    this.#window = window;
    this.#library = library;
  }

  async untilSettledOrLong(): Promise<void> {
    while (!this.#window.settled && !this.#isLong()) {
      await this.#fill();
      await this.#waitForSpace();
    }
  }

  /** Ends every child and waits for each to say so. */
  async cancel(): Promise<void> {
    this.#window.cancel();
    await Promise.allSettled(
      this.#window.running.map((book) =>
        getExternalWorkflowHandle(ingestBookId(this.#library, book.bookId)).cancel(),
      ),
    );
    while (!this.#window.settled) await this.#waitForSpace();
  }

  #isLong(): boolean {
    return this.#started >= CHILDREN_PER_STEP || workflowInfo().continueAsNewSuggested;
  }

  /** Starts as many books as the window has room for, all at once. */
  async #fill(): Promise<void> {
    const starts: Promise<void>[] = [];
    while (this.#window.free > 0 && this.#started < CHILDREN_PER_STEP) {
      const entry = await this.#next();
      this.#window.start(entry, Date.now());
      this.#started += 1;
      starts.push(this.#startBook(entry));
    }
    await Promise.all(starts);
  }

  async #next(): Promise<ManifestEntry> {
    let [entry, ...rest] = this.#page;
    if (entry === undefined) {
      [entry, ...rest] = await readManifest({
        manifestKey: this.#window.manifestKey,
        from: this.#window.cursor,
        limit: MANIFEST_PAGE,
      });
    }
    if (entry === undefined) throw new Error(`the manifest ends before entry ${this.#window.cursor}`);
    this.#page = rest;
    return entry;
  }

  async #startBook(entry: ManifestEntry): Promise<void> {
    const input: IngestBookInput = { library: this.#library, ...entry, reportTo: workflowInfo().workflowId };
    try {
      await startChild<typeof ingestBook>('ingestBook', {
        args: [input],
        workflowId: ingestBookId(this.#library, entry.bookId),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: fileName(entry.path),
      });
    } catch (error) {
      // Another run's child is at work on this book and reports to the same workflow id; it is waited for.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      log.info('the book is being ingested already', { path: entry.path });
    }
  }

  /** Until a book is settled; now and then children that stay silent are looked at. */
  async #waitForSpace(): Promise<void> {
    setCurrentDetails(detailsOf(this.#window));
    const before = this.#window.running.length;
    if (before === 0) return;
    this.#startTimer();
    await condition(() => this.#window.running.length < before || this.#checkDue);
    if (!this.#checkDue) return;
    this.#checkDue = false;
    await this.#settleSilent();
  }

  /** One timer for many books: a timer for each wait would double a run's history. */
  #startTimer(): void {
    if (this.#timerRuns) return;
    this.#timerRuns = true;
    const over = (due: boolean): void => {
      this.#timerRuns = false;
      this.#checkDue = due;
    };
    sleep(SILENT_CHILD_CHECK, { summary: 'then look at books that stay silent' }).then(
      () => over(true),
      () => over(false),
    );
  }

  async #settleSilent(): Promise<void> {
    const books = this.#window.running.map(({ bookId, path }) => ({ bookId, path }));
    try {
      const reports = await inspectChildren({ library: this.#library, books });
      for (const report of reports) this.#window.settle(report);
    } catch (error) {
      if (isCancelled(error)) throw error;
      // A look that fails is no failure of the run: there is another one in a while.
      log.warn('silent books could not be looked at', { error: String(error) });
    }
  }
}

/** A step that times out while it is being cancelled is cancelled as well. */
function isCancelled(error: unknown): boolean {
  return isCancellation(error) || CancellationScope.current().consideredCancelled;
}

function progressOf(
  window: RunWindow | undefined,
  run: { library: string; parallel: number; startedAtMs: number; finished: boolean },
): RunProgress {
  const { library, parallel, startedAtMs } = run;
  if (!window) {
    const books = { total: 0, ingested: 0, unchanged: 0, failed: 0, cancelled: 0 };
    const nothing = { chunks: 0, formats: {}, samples: [], running: [], failures: [] };
    return { library, parallel, startedAtMs, state: 'scanning', books, ...nothing };
  }
  const state = run.finished ? 'done' : window.cancelling ? 'cancelling' : 'ingesting';
  const { counts: books, chunks, running, failures } = window;
  return {
    library,
    parallel,
    startedAtMs,
    state,
    books,
    chunks,
    formats: {},
    samples: [],
    running,
    failures,
  };
}

/** What Temporal's UI shows of a run, in Markdown. */
function detailsOf({ counts, chunks, failures }: RunWindow): string {
  const { total, ingested, unchanged, failed, cancelled } = counts;
  const latest = failures.slice(-5).map(({ path, code }) => `- \`${code}\` ${fileName(path)}`);
  return [
    `**${ingested + unchanged + failed + cancelled} of ${total} books**: ${ingested} ingested, ${unchanged} unchanged, ${failed} failed, ${cancelled} cancelled; ${chunks} chunks`,
    ...latest,
  ].join('\n');
}

function resultOf(window: RunWindow, library: string): IngestLibraryResult {
  return {
    workflowId: workflowInfo().workflowId,
    library,
    books: window.counts,
    chunks: window.chunks,
    failures: window.failures,
    skippedFiles: window.skippedFiles,
    seconds: (Date.now() - window.startedAtMs) / 1000,
  };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).slice(0, 200);
}
