/** One step of a run, up to the point where it continues as new. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunActivities } from '../activities/run.ts';
import type { ScanActivities } from '../activities/scan.ts';
import { AdoptedBooks } from './adopted-books.ts';
import { bookPriority } from './book-priority.ts';
import {
  type BookReport,
  type IngestBookInput,
  type IngestLibraryInput,
  type IngestLibraryResult,
  ingestBookId,
  type ManifestEntry,
  type RunProgress,
  taskQueues,
} from './contract.ts';
import type { ingestBook } from './ingest-book.ts';
import type { ParsedRunInput } from './input.ts';
import { ManifestPages } from './manifest-pages.ts';
import { CHILDREN_PER_STEP, LONG_HISTORY, policies } from './policies.ts';
import { fileName, progressOf, resultOf, showRun } from './run-view.ts';
import { RunWindow } from './run-window.ts';
import { bookSearchAttributes } from './search-attributes.ts';
import { SilenceTimer } from './silence-timer.ts';

const { scanLibrary } = proxyActivities<ScanActivities>(policies.scan);
const { inspectChildren } = proxyActivities<RunActivities>(policies.quick);

export class LibraryRun {
  readonly input: ParsedRunInput;
  readonly startedAtMs: number;
  /** Null while the books are looked for. */
  window: RunWindow | null;
  /** What people set before there is a window. */
  parallel: number;
  paused = false;
  /** Whether an update looks for failed books. */
  retrying = false;
  #finished = false;
  #searchable: boolean;
  readonly #pages = new ManifestPages();
  #started = 0;
  readonly #silence = new SilenceTimer();
  readonly adopted: AdoptedBooks;
  /** Books whose start Temporal has not confirmed yet, by id. */
  readonly #starting = new Map<string, Promise<void>>();

  constructor(input: ParsedRunInput) {
    const { carried, parallel } = input;
    this.input = input;
    this.startedAtMs = carried?.startedAtMs ?? Date.now();
    this.parallel = parallel;
    this.#searchable = carried?.scan.searchAttributes ?? false;
    this.window = carried ? RunWindow.resume(carried, parallel) : null;
    this.adopted = new AdoptedBooks({
      library: input.library,
      window: () => this.#window,
      settle: (report) => this.report(report),
      start: (entry) => this.#startBook(entry, false),
    });
  }

  get library(): string {
    return this.input.library;
  }

  /** True when Temporal knows the search attributes. */
  get searchable(): boolean {
    return this.#searchable;
  }

  get finished(): boolean {
    return this.#finished;
  }

  get isOpen(): boolean {
    return !this.window?.settled;
  }

  /** True when the history has become long enough for a step. */
  get isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (this.#started >= CHILDREN_PER_STEP || continueAsNewSuggested) return true;
    // Runs of versions before 0.4 went on.
    return historyLength >= LONG_HISTORY && patched('bounded-history');
  }

  async scan(): Promise<void> {
    if (this.window) return;
    const { library, paths, retry, prune, force } = this.input;
    const found = await scanLibrary({
      library,
      ...(paths && { paths }),
      ...(retry && { retry }),
      ...(prune && { prune, force }),
    });
    this.#searchable = found.searchAttributes ?? false;
    this.window = new RunWindow(found, this.parallel, this.startedAtMs);
    this.window.paused = this.paused;
  }

  /** Until every book is settled or the step is long. */
  async step(): Promise<void> {
    const window = this.#window;
    while (!window.settled && !this.isLong) {
      await this.#fill();
      await this.#waitForWork();
    }
    // What is told of adopted books while the last ones are started would be forgotten with this step.
    if (this.adopted.reported && patched('adopted-books-are-checked-before-the-next-step'))
      await this.adopted.check();
  }

  /** What a child says of itself. */
  report(report: BookReport): void {
    if (!this.window) return;
    if (!this.adopted.takes(report)) this.window.settle(report, Date.now());
    showRun(this);
  }

  /** Ends every child and waits for each to say so. */
  async cancel(): Promise<void> {
    if (!this.window) return;
    this.window.cancel();
    this.adopted.release();
    showRun(this);
    const asked = this.window.running.map((book) =>
      getExternalWorkflowHandle(ingestBookId(this.library, book.bookId)).cancel(),
    );
    const answers = await Promise.allSettled(asked);
    // A child that was being started when the run was cancelled may never have been: it says nothing.
    if (
      answers.some(({ status }) => status === 'rejected') &&
      patched('look-at-children-that-cannot-be-cancelled')
    )
      await this.#settleSilent();
    while (!this.window.settled) await this.#waitForWork();
    showRun(this);
  }

  progress(): RunProgress {
    return progressOf(this);
  }

  nextStep(): IngestLibraryInput {
    const { library, paths, retry } = this.input;
    const carried = this.#window.carry();
    return {
      library,
      parallel: this.#window.parallel,
      ...(paths && { paths }),
      ...(retry && { retry }),
      carried,
    };
  }

  finish(): IngestLibraryResult {
    this.#finished = true;
    showRun(this);
    return resultOf(this, this.#window);
  }

  get #window(): RunWindow {
    if (!this.window) throw new Error('the books were not looked for yet');
    return this.window;
  }

  /** Starts as many books as the window has room for, all at once. */
  async #fill(): Promise<void> {
    const starts: Promise<void>[] = [];
    while (this.#window.free > 0 && this.#started < CHILDREN_PER_STEP) {
      const next = await this.#pages.next(this.#window);
      // While the entry was fetched the run may have been paused, or the book moved.
      if (next === null || this.#window.free === 0) break;
      const { entry, place } = next;
      // An update that came to its end in the same moment may have moved books: the question is asked again.
      if (!this.#window.isNext(entry, place) && patched('moved-books-are-looked-at-again')) {
        this.#pages.forget();
        continue;
      }
      this.#window.start(entry, Date.now());
      this.#started += 1;
      starts.push(this.#startBook(entry, place === null));
    }
    await Promise.all(starts);
  }

  /** Resolves when the book's child is there, or will not be. */
  async started(bookId: string): Promise<void> {
    await this.#starting.get(bookId)?.catch(() => {});
  }

  #startBook(entry: ManifestEntry, urgent: boolean): Promise<void> {
    const { bookId } = entry;
    const starting = this.#startChild(entry, urgent);
    this.#starting.set(bookId, starting);
    const over = (): boolean => this.#starting.delete(bookId);
    starting.then(over, over);
    return starting;
  }

  async #startChild(entry: ManifestEntry, urgent: boolean): Promise<void> {
    const { bookId, path } = entry;
    const input: IngestBookInput = {
      ...{ library: this.library, ...entry },
      ...{ reportTo: workflowInfo().workflowId, attributesLast: true },
    };
    try {
      await startChild<typeof ingestBook>('ingestBook', {
        args: [input],
        workflowId: ingestBookId(this.library, bookId),
        taskQueue: taskQueues.documents,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: fileName(path),
        priority: { priorityKey: bookPriority(entry.bytes, urgent) },
        ...(this.#searchable && { typedSearchAttributes: bookSearchAttributes(this.library, path) }),
      });
    } catch (error) {
      if (isCancellation(error)) {
        // It was never asked for: nobody else will tell of it, or an older one of that id would.
        if (patched('books-never-asked-for-are-cancelled'))
          this.#window.settle({ bookId, outcome: 'cancelled' }, Date.now());
        return;
      }
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // Another run's child, which reports to the same workflow id. It is waited for; what it read may be old.
      if (patched('adopted-books-are-checked')) this.#window.adopt(bookId);
      log.info('the book is being ingested already', { path });
    }
  }

  /** Until a book may be started or all are settled; now and then children that stay silent are looked at. */
  async #waitForWork(): Promise<void> {
    const window = this.#window;
    showRun(this);
    if (window.settled) return;
    if (window.running.length > 0) this.#silence.start(window);
    // Paused, it waits for updates alone, of which one execution takes no more than 2,000.
    const maySplit = !window.cancelling && patched('idle-runs-continue-as-new');
    const isStepOver = () => maySplit && !window.cancelling && this.isLong;
    const hasWork = () => window.free > 0 || window.settled || this.#silence.isDue || this.adopted.reported;
    await condition(() => hasWork() || isStepOver());
    await this.adopted.check();
    if (this.#silence.takeDue()) await this.#settleSilent();
  }

  async #settleSilent(): Promise<void> {
    const silent = this.#window.running.filter(({ bookId }) => !this.adopted.holds(bookId));
    const books = silent.map(({ bookId, path }) => ({ bookId, path }));
    if (books.length === 0) return;
    try {
      const cancelling = this.#window.cancelling;
      const reports = await inspectChildren({
        library: this.library,
        books,
        ...(cancelling && { cancelling }),
      });
      for (const report of reports) {
        if (!this.adopted.takesFound(report)) this.#window.settle(report, Date.now());
        showRun(this);
      }
      await this.adopted.check();
    } catch (error) {
      if (isCancellation(error)) throw error;
      // A look that fails is no failure of the run: there is another one in a while.
      log.warn('silent books could not be looked at', { error: String(error) });
    }
  }
}
