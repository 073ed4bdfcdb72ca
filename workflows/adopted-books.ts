/** Books of a run that another run's child is at work on: what that one read may be older than what this run found. */
import { patched } from '@temporalio/workflow';
import { isAsFound } from './as-found.ts';
import type { BookReport, ManifestEntry } from './contract.ts';
import type { RunWindow } from './run-window.ts';

export interface AdoptedBooksOptions {
  readonly library: string;
  window(): RunWindow;
  settle(report: BookReport): void;
  /** Starts the book for this run. */
  start(entry: ManifestEntry): Promise<void>;
}

export class AdoptedBooks {
  readonly #options: AdoptedBooksOptions;
  #reports: BookReport[] = [];
  /** Reports that came while the run was paused, by book: it starts nothing then. */
  readonly #held = new Map<string, BookReport>();

  constructor(options: AdoptedBooksOptions) {
    this.#options = options;
  }

  /** Whether reports wait to be checked. */
  get reported(): boolean {
    return this.#reports.length > 0;
  }

  /** What a child says of itself. False where it is nothing to be checked: whoever cancels a child tells every run that waits for it. */
  takes(report: BookReport): boolean {
    if (!this.#window.isAdopted(report.bookId) || report.outcome === 'cancelled') return false;
    this.#take(report);
    return true;
  }

  /** What a look at a child gave. Of one that was cancelled for this run, the child itself would have told. */
  takesFound(report: BookReport): boolean {
    const { bookId, outcome } = report;
    const forOther = outcome === 'cancelled' && !report.removed && this.#window.isAdopted(bookId);
    if (!forOther || this.#window.cancelling || !patched('books-cancelled-for-others-are-started-again'))
      return this.takes(report);
    this.#take(report);
    return true;
  }

  /** A book was cancelled by name. Its child may be over by now: then nothing is there to be cancelled, and it is not to be started again. */
  drop(bookId: string): void {
    this.#window.unwant(bookId);
  }

  /** Whether its child has ended, and is told of when the run goes on. */
  holds(bookId: string): boolean {
    return this.#held.has(bookId);
  }

  /** The run goes on, or is cancelled. */
  release(): void {
    this.#reports.push(...this.#held.values());
    this.#held.clear();
  }

  /** A book counts only when it is as this run found it; else it is started again. */
  async check(): Promise<void> {
    const reports = this.#reports;
    this.#reports = [];
    // Also of none: a history tells the turns apart.
    await Promise.all(reports.map((report) => this.#checkOne(report)));
  }

  #take(report: BookReport): void {
    const { paused, cancelling } = this.#window;
    if (paused && !cancelling && patched('paused-runs-start-no-adopted-books'))
      this.#held.set(report.bookId, report);
    else this.#reports.push(report);
  }

  async #checkOne(report: BookReport): Promise<void> {
    const { library, settle, start } = this.#options;
    const book = this.#window.running.find(({ bookId }) => bookId === report.bookId);
    if (!book) return;
    const { bookId, path, bytes = 0 } = book;
    // The child's own report and a look at it may both have come.
    const once = patched('adopted-books-are-checked-once');
    const isChecked = (): boolean => once && !this.#window.isAdopted(bookId);
    if (isChecked()) return;
    const isCurrent = report.outcome === 'ingested' && (await isAsFound({ library, bookId, path }));
    if (isChecked()) return;
    const unwanted = once && this.#window.isUnwanted(bookId);
    this.#window.disown(bookId);
    if (isCurrent || this.#window.cancelling) settle(report);
    else if (unwanted) settle({ bookId, outcome: 'cancelled' });
    else await start({ bookId, path, bytes });
  }

  get #window(): RunWindow {
    return this.#options.window();
  }
}
