/**
 * The books of a run: which are waiting, in flight and settled. Pure, so that any order of starts, reports, losses,
 * duplicates and updates can be tested.
 *
 * 1. Every book of the manifests is settled exactly once.
 * 2. Never more books are started than `parallel` allows.
 * 3. A report of a book that is not in flight changes nothing.
 */
import type {
  BookCounts,
  BookFailure,
  BookReport,
  CarriedState,
  ManifestEntry,
  RunningBook,
  ScanResult,
  WaitingBook,
} from './contract.ts';
import { latestOf } from './failure-list.ts';
import { type FormatWork, MAX_NAMED_BOOKS, type ProgressSample } from './run-contract.ts';
import { RunCounts } from './run-counts.ts';
import { RunWork } from './run-work.ts';

/** A list of books that the run works through. */
export interface Manifest {
  readonly key: string;
  readonly count: number;
}

/** Where an entry lies. */
export interface ManifestPlace {
  readonly manifestKey: string;
  readonly index: number;
}

/** About 60 KB of paths at most. */
const MAX_FRONT = 300;
const MAX_TAKEN = 5_000;

export class RunWindow {
  readonly #scan: ScanResult;
  readonly startedAtMs: number;
  readonly #manifests: Manifest[];
  /** By book id. */
  readonly #running = new Map<string, RunningBook>();
  /** Books that are started before all others; their ordinals are in `#taken`. */
  #front: WaitingBook[] = [];
  /** Ordinals not below the cursor that are not waiting there any more. */
  readonly #taken: Set<number>;
  readonly #work: RunWork;
  #failures: readonly BookFailure[];
  readonly #counts: RunCounts;
  #cursor = 0;
  #cancelling = false;
  parallel: number;
  paused = false;

  constructor(scan: ScanResult, parallel: number, startedAtMs: number) {
    this.#scan = scan;
    this.parallel = parallel;
    this.startedAtMs = startedAtMs;
    this.#manifests = [{ key: scan.manifestKey, count: scan.toIngest }];
    this.#counts = new RunCounts(scan);
    this.#failures = latestOf(scan.failures);
    this.#taken = new Set();
    this.#work = new RunWork(scan.formats, startedAtMs);
  }

  static resume(carried: CarriedState, parallel: number): RunWindow {
    const window = new RunWindow(carried.scan, parallel, carried.startedAtMs);
    window.#cursor = carried.cursor;
    window.#counts.resume(carried);
    window.#failures = carried.failures;
    window.#cancelling = carried.cancelling;
    window.paused = carried.paused ?? false;
    window.#manifests.push(...(carried.retries ?? []));
    window.#front = [...(carried.front ?? [])];
    window.#work.resume(carried);
    for (const ordinal of carried.taken ?? []) window.#taken.add(ordinal);
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
    return this.#total - this.#cursor - this.#taken.size + this.#front.length;
  }

  get manifests(): readonly Manifest[] {
    return this.#manifests;
  }

  /** First ordinal, over all manifests, that may still be waiting in its place. */
  get cursor(): number {
    return this.#cursor;
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
    return this.#front[0]?.entry ?? null;
  }

  /** Where the next book of the manifests is; null when all of them were taken. */
  get next(): ManifestPlace | null {
    while (this.#taken.delete(this.#cursor)) this.#cursor += 1;
    return this.#placeAtCursor;
  }

  get #placeAtCursor(): ManifestPlace | null {
    let index = this.#cursor;
    for (const { key, count } of this.#manifests) {
      if (index < count) return { manifestKey: key, index };
      index -= count;
    }
    return null;
  }

  /**
   * Whether `start` takes this entry: the first of those moved to the front, else the one that lies at `place`. It moves nothing:
   * runs of versions that did not ask go on as they did.
   */
  isNext(entry: ManifestEntry, place: ManifestPlace | null): boolean {
    if (this.first || !place) return this.first === entry;
    const next = this.#taken.has(this.#cursor) ? null : this.#placeAtCursor;
    return next?.manifestKey === place.manifestKey && next.index === place.index;
  }

  /** Moves the next book into flight: `first` where there is one, else the one that lies at `next`. */
  start(entry: ManifestEntry, nowMs: number): void {
    if (this.#front.length > 0) this.#front = this.#front.slice(1);
    else this.#cursor += 1;
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
    const { adopted: _, ...own } = book;
    this.#running.set(bookId, own);
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

  isWaiting({ ordinal }: WaitingBook): boolean {
    if (this.#front.some((book) => book.ordinal === ordinal)) return true;
    return ordinal >= this.#cursor && ordinal < this.#total && !this.#taken.has(ordinal);
  }

  /** Null, or why no more books may leave their places: what is carried from step to step must stay small. */
  get crowded(): string | null {
    if (this.#front.length + MAX_NAMED_BOOKS > MAX_FRONT)
      return `${this.#front.length} books are at the front already`;
    if (this.#taken.size + MAX_NAMED_BOOKS > MAX_TAKEN)
      return `${this.#taken.size} books were moved or cancelled before their turn already`;
    return null;
  }

  /** Waiting books go before all others, in the order given. */
  moveToFront(books: readonly WaitingBook[]): void {
    const moved = books.filter((book) => this.isWaiting(book));
    const ordinals = new Set(moved.map((book) => book.ordinal));
    this.#front = [...moved, ...this.#front.filter((book) => !ordinals.has(book.ordinal))];
    for (const ordinal of ordinals) this.#take(ordinal);
  }

  /** Settles a book that waits; false when it does not. */
  cancelWaiting(book: WaitingBook, nowMs: number): boolean {
    if (!this.isWaiting(book)) return false;
    this.#front = this.#front.filter((other) => other.ordinal !== book.ordinal);
    this.#take(book.ordinal);
    this.#counts.settle({ outcome: 'cancelled' });
    this.#work.settle(book.entry, null, nowMs);
    return true;
  }

  /** Books that had failed wait again. They were counted when they failed, and count for what they are found to be now. */
  retry(found: ScanResult, { waits = true }: { readonly waits?: boolean } = {}): void {
    if (waits) this.#manifests.push({ key: found.manifestKey, count: found.toIngest });
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
      cursor: this.#cursor,
      running: this.running,
      ...this.#counts.carry(),
      failures: this.#failures,
      startedAtMs: this.startedAtMs,
      cancelling: this.#cancelling,
      paused: this.paused,
      retries: this.#manifests.slice(1),
      front: this.#front,
      taken: [...this.#taken],
      formats: this.formats,
      samples: this.samples,
    };
  }

  get #total(): number {
    return this.#manifests.reduce((sum, { count }) => sum + count, 0);
  }

  #list(failures: readonly BookFailure[]): void {
    const paths = new Set(failures.map(({ path }) => path));
    const others = this.#failures.filter(({ path }) => !paths.has(path));
    this.#failures = latestOf([...others, ...failures]);
  }

  #take(ordinal: number): void {
    if (ordinal >= this.#cursor) this.#taken.add(ordinal);
  }
}
