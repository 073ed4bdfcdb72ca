/**
 * The books of a run: which are waiting, in flight and settled. Pure, so that any order of starts, reports, losses,
 * duplicates and updates can be tested.
 *
 * 1. Every book of the manifests is settled exactly once.
 * 2. Never more books are started than `parallel` allows.
 * 3. A report of a book that is not in flight changes nothing.
 */
import type { CarriedState } from './carried-state.ts';
import type {
  BookCounts,
  BookFailure,
  BookReport,
  ManifestEntry,
  RunningBook,
  ScanResult,
  WaitingBook,
} from './contract.ts';
import { latestOf } from './failure-list.ts';
import type { FormatWork, ProgressSample } from './run-contract.ts';
import { RunCounts } from './run-counts.ts';
import { RunWork } from './run-work.ts';
import { type Manifest, type ManifestPlace, WaitingBooks } from './waiting-books.ts';

interface RetryOrder {
  /** False where none was found. */
  readonly waits?: boolean;
  readonly last?: boolean;
}

export class RunWindow {
  readonly #scan: ScanResult;
  readonly startedAtMs: number;
  /** By book id. */
  readonly #running = new Map<string, RunningBook>();
  readonly #waiting: WaitingBooks;
  readonly #work: RunWork;
  #failures: readonly BookFailure[];
  readonly #counts: RunCounts;
  #cancelling = false;
  parallel: number;
  paused = false;

  constructor(scan: ScanResult, parallel: number, startedAtMs: number) {
    this.#scan = scan;
    this.parallel = parallel;
    this.startedAtMs = startedAtMs;
    this.#waiting = new WaitingBooks({ key: scan.manifestKey, count: scan.toIngest });
    this.#counts = new RunCounts(scan);
    this.#failures = latestOf(scan.failures);
    this.#work = new RunWork(scan.formats, startedAtMs);
  }

  static resume(carried: CarriedState, parallel: number): RunWindow {
    const window = new RunWindow(carried.scan, parallel, carried.startedAtMs);
    window.#waiting.resume(carried);
    window.#counts.resume(carried);
    window.#failures = carried.failures;
    window.#cancelling = carried.cancelling;
    window.paused = carried.paused ?? false;
    window.#work.resume(carried);
    for (const book of carried.running) window.#running.set(book.bookId, book);
    return window;
  }

  /** How many books may be started now. */
  get free(): number {
    if (this.#cancelling || this.paused) return 0;
    return Math.max(0, Math.min(this.parallel - this.#running.size, this.waiting));
  }

  /** Books that are neither started nor settled. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** Those of them that have failed before. */
  get retrying(): number {
    return this.#waiting.retrying;
  }

  get manifests(): readonly Manifest[] {
    return this.#waiting.manifests;
  }

  get running(): readonly RunningBook[] {
    return [...this.#running.values()];
  }

  get chunks(): number {
    return this.#counts.chunks;
  }

  get failures(): readonly BookFailure[] {
    return this.#failures;
  }

  get cancelling(): boolean {
    return this.#cancelling;
  }

  get formats(): Readonly<Record<string, FormatWork>> {
    return this.#work.formats;
  }

  get samples(): readonly ProgressSample[] {
    return this.#work.samples;
  }

  get skippedFiles(): Readonly<Record<string, number>> {
    return this.#scan.skippedFiles;
  }

  /** By the clock of the worker that scanned, as the times of failures are; null in runs of before it was told. */
  get scannedAtMs(): number | null {
    return this.#scan.scannedAtMs ?? null;
  }

  get pruned(): number {
    return this.#scan.pruned ?? 0;
  }

  /** True when no book is in flight and none is left to start. */
  get settled(): boolean {
    return this.#running.size === 0 && (this.#cancelling || this.waiting === 0);
  }

  get counts(): BookCounts {
    return this.#counts.withCancelled(this.#cancelling ? this.waiting : 0);
  }

  /** The book that goes before all others, if there is one. It is still waiting until it is started. */
  get first(): ManifestEntry | null {
    return this.#waiting.first;
  }

  /** Where the next book of the manifests is; null when all of them were taken. */
  get next(): ManifestPlace | null {
    return this.#waiting.next;
  }

  /** Whether `start` takes this entry. */
  isNext(entry: ManifestEntry, place: ManifestPlace | null): boolean {
    return this.#waiting.isNext(entry, place);
  }

  /** Moves the next book into flight: `first` where there is one, else the one that lies at `next`. */
  start(entry: ManifestEntry, nowMs: number): void {
    this.#waiting.take();
    const { bookId, path, bytes } = entry;
    this.#failures = this.#failures.filter((failure) => failure.path !== path);
    this.#running.set(bookId, { bookId, path, bytes, startedAtMs: nowMs });
  }

  isInFlight(bookId: string): boolean {
    return this.#running.has(bookId);
  }

  /** Another run's child is at work on the book: what it read may be older than what this run found. */
  adopt(bookId: string): void {
    const book = this.#running.get(bookId);
    if (book) this.#running.set(bookId, { ...book, adopted: true });
  }

  /** A book of its own again. */
  disown(bookId: string): void {
    const book = this.#running.get(bookId);
    if (!book) return;
    const { adopted: _, unwanted: __, ...own } = book;
    this.#running.set(bookId, own);
  }

  /** An adopted book that was cancelled by name: it is not to be started for this run. */
  unwant(bookId: string): void {
    const book = this.#running.get(bookId);
    if (book?.adopted) this.#running.set(bookId, { ...book, unwanted: true });
  }

  isUnwanted(bookId: string): boolean {
    return this.#running.get(bookId)?.unwanted === true;
  }

  isAdopted(bookId: string): boolean {
    return this.#running.get(bookId)?.adopted === true;
  }

  /** Takes a book out of flight; false when it was not in flight. */
  settle(report: BookReport, nowMs: number): boolean {
    const book = this.#running.get(report.bookId);
    if (!book) return false;
    this.#running.delete(report.bookId);
    this.#counts.settle(report);
    if (report.outcome === 'failed') this.#list([report.failure]);
    this.#work.settle(book, report.outcome === 'ingested' ? report.chunks : null, nowMs);
    return true;
  }

  isWaiting(book: WaitingBook): boolean {
    return this.#waiting.has(book);
  }

  /** Null, or why no more books may leave their places. */
  get crowded(): string | null {
    return this.#waiting.crowded;
  }

  /** Waiting books go before all others, in the order given. */
  moveToFront(books: readonly WaitingBook[]): void {
    this.#waiting.moveToFront(books);
  }

  /** Settles a book that waits; false when it does not. */
  cancelWaiting(book: WaitingBook, nowMs: number): boolean {
    if (!this.#waiting.drop(book)) return false;
    this.#counts.settle({ outcome: 'cancelled' });
    this.#work.settle(book.entry, null, nowMs);
    return true;
  }

  /**
   * Books that had failed wait again, before those that the scan found unless `last`. They were counted when they failed, and
   * count for what they are found to be now.
   */
  retry(found: ScanResult, { waits = true, last = false }: RetryOrder = {}): void {
    if (waits) this.#waiting.retry({ key: found.manifestKey, count: found.toIngest }, { last });
    this.#counts.retry(found);
    if (found.failed > 0) this.#list(found.failures);
    // A folder that can be read now is the path of no book that could take it off the list.
    if (this.#counts.failed === 0) this.#failures = [];
    this.#work.add(found.formats);
  }

  /** From now on no book is started. */
  cancel(): void {
    this.#cancelling = true;
  }

  carry(): CarriedState {
    return {
      scan: { ...this.#scan, failures: [] },
      ...this.#waiting.carry(),
      running: this.running,
      ...this.#counts.carry(),
      failures: this.#failures,
      startedAtMs: this.startedAtMs,
      cancelling: this.#cancelling,
      paused: this.paused,
      formats: this.formats,
      samples: this.samples,
    };
  }

  #list(failures: readonly BookFailure[]): void {
    const paths = new Set(failures.map(({ path }) => path));
    const others = this.#failures.filter(({ path }) => !paths.has(path));
    this.#failures = latestOf([...others, ...failures]);
  }
}
