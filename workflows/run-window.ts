/**
 * The books of a run: which are waiting, in flight and settled. Pure, so that any order of starts, reports, losses
 * and duplicates can be tested.
 *
 * 1. Every book of the manifest is settled exactly once.
 * 2. Never more books are in flight than `parallel`.
 * 3. A report of a book that is not in flight changes nothing.
 */
import {
  type BookCounts,
  type BookFailure,
  type BookReport,
  type CarriedState,
  MAX_LISTED_FAILURES,
  type ManifestEntry,
  type RunningBook,
  type ScanResult,
} from './contract.ts';

export class RunWindow {
  readonly #scan: ScanResult;
  readonly #startedAtMs: number;
  readonly #parallel: number;
  readonly #running = new Map<string, RunningBook>();
  #failures: BookFailure[];
  #cursor = 0;
  #ingested = 0;
  #failed: number;
  #cancelled = 0;
  #chunks = 0;
  #cancelling = false;

  constructor(scan: ScanResult, parallel: number, startedAtMs: number) {
    this.#scan = scan;
    this.#parallel = parallel;
    this.#startedAtMs = startedAtMs;
    this.#failed = scan.failed;
    this.#failures = [...scan.failures];
  }

  static resume(carried: CarriedState, parallel: number): RunWindow {
    const window = new RunWindow(carried.scan, parallel, carried.startedAtMs);
    window.#cursor = carried.cursor;
    window.#ingested = carried.ingested;
    window.#failed = carried.failed;
    window.#cancelled = carried.cancelled;
    window.#chunks = carried.chunks;
    window.#failures = [...carried.failures];
    window.#cancelling = carried.cancelling;
    for (const book of carried.running) window.#running.set(book.bookId, book);
    return window;
  }

  /** How many books may be started now. */
  get free(): number {
    if (this.#cancelling) return 0;
    return Math.max(0, Math.min(this.#parallel - this.#running.size, this.#scan.toIngest - this.#cursor));
  }

  get manifestKey(): string {
    return this.#scan.manifestKey;
  }

  /** Position in the manifest of the next book to start. */
  get cursor(): number {
    return this.#cursor;
  }

  get running(): readonly RunningBook[] {
    return [...this.#running.values()];
  }

  get chunks(): number {
    return this.#chunks;
  }

  get failures(): readonly BookFailure[] {
    return this.#failures;
  }

  get cancelling(): boolean {
    return this.#cancelling;
  }

  /** True when no book is in flight and none is left to start. */
  get settled(): boolean {
    return this.#running.size === 0 && (this.#cancelling || this.#cursor >= this.#scan.toIngest);
  }

  get counts(): BookCounts {
    const unstarted = this.#cancelling ? this.#scan.toIngest - this.#cursor : 0;
    return {
      total: this.#scan.toIngest + this.#scan.unchanged + this.#scan.failed,
      ingested: this.#ingested,
      unchanged: this.#scan.unchanged,
      failed: this.#failed,
      cancelled: this.#cancelled + unstarted,
    };
  }

  /** Moves the next book of the manifest into flight. */
  start(entry: ManifestEntry, nowMs: number): void {
    this.#cursor += 1;
    this.#running.set(entry.bookId, { bookId: entry.bookId, path: entry.path, startedAtMs: nowMs });
  }

  /** Takes a book out of flight; false when it was not in flight. */
  settle(report: BookReport): boolean {
    if (!this.#running.delete(report.bookId)) return false;
    if (report.outcome === 'ingested') {
      this.#ingested += 1;
      this.#chunks += report.chunks;
    } else if (report.outcome === 'failed') {
      this.#failed += 1;
      this.#failures = [...this.#failures, report.failure].slice(-MAX_LISTED_FAILURES);
    } else {
      this.#cancelled += 1;
    }
    return true;
  }

  /** From now on no book is started. */
  cancel(): void {
    this.#cancelling = true;
  }

  carry(): CarriedState {
    return {
      scan: { ...this.#scan, failures: [] },
      cursor: this.#cursor,
      running: this.running,
      ingested: this.#ingested,
      failed: this.#failed,
      cancelled: this.#cancelled,
      chunks: this.#chunks,
      failures: this.#failures,
      startedAtMs: this.#startedAtMs,
      cancelling: this.#cancelling,
    };
  }

  get skippedFiles(): Readonly<Record<string, number>> {
    return this.#scan.skippedFiles;
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }
}
