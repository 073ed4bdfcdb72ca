/**
 * The books of a run that wait: which is started next, and which left their places before their turn. A book's ordinal
 * counts over the list of the scan and then over those of the retries, in the order in which they came.
 */
import type { CarriedState } from './carried-state.ts';
import type { ManifestEntry, WaitingBook } from './contract.ts';
import { MAX_NAMED_BOOKS } from './run-contract.ts';

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

export class WaitingBooks {
  readonly #scanned: Manifest;
  #retries: readonly Manifest[] = [];
  /** Of the books that the scan found, those before this one left their places. */
  #cursor = 0;
  /** The same of the books that are tried again. */
  #retried = 0;
  /** Former versions began with them when all others had been started. */
  #retriesFirst = false;
  /** Books that are started before all others; their ordinals are in `#taken`. */
  #front: readonly WaitingBook[] = [];
  /** Ordinals not below their cursor that are not waiting in their places any more. */
  readonly #taken = new Set<number>();

  constructor(scanned: Manifest) {
    this.#scanned = scanned;
  }

  resume({ cursor, retried, retriesFirst, retries, front, taken }: CarriedState): void {
    // Former versions had one cursor over all lists.
    this.#cursor = Math.min(cursor, this.#scanned.count);
    this.#retried = retried ?? cursor - this.#cursor;
    this.#retriesFirst = retriesFirst ?? false;
    this.#retries = retries ?? [];
    this.#front = front ?? [];
    for (const ordinal of taken ?? []) this.#taken.add(ordinal);
  }

  carry(): Pick<CarriedState, 'cursor' | 'retried' | 'retriesFirst' | 'retries' | 'front' | 'taken'> {
    // Where none of them waits the lists are left behind. While the run goes on an update may have looked one up.
    const isOver = this.retrying === 0;
    const taken = [...this.#taken];
    return {
      cursor: this.#cursor,
      retried: isOver ? 0 : this.#retried,
      retriesFirst: this.#retriesFirst,
      retries: isOver ? [] : this.#retries,
      front: this.#front,
      taken: isOver ? taken.filter((ordinal) => ordinal < this.#scanned.count) : taken,
    };
  }

  get count(): number {
    return this.#total - this.#cursor - this.#retried - this.#taken.size + this.#front.length;
  }

  /** How many of them have failed in this run before. */
  get retrying(): number {
    const isRetry = (ordinal: number): boolean => ordinal >= this.#scanned.count;
    const left = this.#total - this.#scanned.count - this.#retried;
    const moved = this.#front.filter(({ ordinal }) => isRetry(ordinal)).length;
    return left - [...this.#taken].filter(isRetry).length + moved;
  }

  get manifests(): readonly Manifest[] {
    return [this.#scanned, ...this.#retries];
  }

  /** The book that goes before all others, if there is one. It is still waiting until it is started. */
  get first(): ManifestEntry | null {
    return this.#front[0]?.entry ?? null;
  }

  /** Where the next book of the manifests is; null when all of them were taken. */
  get next(): ManifestPlace | null {
    while (this.#cursor < this.#scanned.count && this.#taken.delete(this.#cursor)) this.#cursor += 1;
    while (this.#taken.delete(this.#scanned.count + this.#retried)) this.#retried += 1;
    return this.#placeOf(this.#nextOrdinal);
  }

  /**
   * Whether `take` takes this entry: the first of those moved to the front, else the one that lies at `place`. It moves nothing:
   * runs of versions that did not ask go on as they did.
   */
  isNext(entry: ManifestEntry, place: ManifestPlace | null): boolean {
    if (this.first || !place) return this.first === entry;
    const ordinal = this.#nextOrdinal;
    const next = ordinal !== null && this.#taken.has(ordinal) ? null : this.#placeOf(ordinal);
    return next?.manifestKey === place.manifestKey && next.index === place.index;
  }

  /** Takes the next book out: `first` where there is one, else the one that lies at `next`. */
  take(): void {
    if (this.#front.length > 0) this.#front = this.#front.slice(1);
    else if ((this.#nextOrdinal ?? 0) >= this.#scanned.count) this.#retried += 1;
    else this.#cursor += 1;
  }

  has({ ordinal }: WaitingBook): boolean {
    if (this.#front.some((book) => book.ordinal === ordinal)) return true;
    const { count } = this.#scanned;
    const from = ordinal < count ? this.#cursor : count + this.#retried;
    return ordinal >= from && ordinal < this.#total && !this.#taken.has(ordinal);
  }

  /** Null, or why no more books may leave their places: what is carried from step to step must stay small. */
  get crowded(): string | null {
    if (this.#front.length + MAX_NAMED_BOOKS > MAX_FRONT)
      return `${this.#front.length} books are at the front already`;
    if (this.#taken.size + MAX_NAMED_BOOKS > MAX_TAKEN)
      return `${this.#taken.size} books were moved or cancelled before their turn already`;
    return null;
  }

  /** They go before all others, in the order given. */
  moveToFront(books: readonly WaitingBook[]): void {
    const moved = books.filter((book) => this.has(book));
    const ordinals = new Set(moved.map((book) => book.ordinal));
    const others = this.#front.filter((book) => !ordinals.has(book.ordinal));
    for (const book of moved) this.#leave(book);
    this.#front = [...moved, ...others];
  }

  /** False when it does not wait. */
  drop(book: WaitingBook): boolean {
    if (!this.has(book)) return false;
    this.#leave(book);
    this.#front = this.#front.filter((other) => other.ordinal !== book.ordinal);
    return true;
  }

  /** Books that had failed wait again: from now on before those that the scan found, unless `last`. */
  retry(manifest: Manifest, { last }: { readonly last: boolean }): void {
    this.#retries = [...this.#retries, manifest];
    if (!last) this.#retriesFirst = true;
  }

  get #total(): number {
    return this.manifests.reduce((sum, { count }) => sum + count, 0);
  }

  get #nextOrdinal(): number | null {
    const { count } = this.#scanned;
    const scanned = this.#cursor < count ? this.#cursor : null;
    const retried = count + this.#retried < this.#total ? count + this.#retried : null;
    return this.#retriesFirst ? (retried ?? scanned) : (scanned ?? retried);
  }

  #placeOf(ordinal: number | null): ManifestPlace | null {
    if (ordinal === null) return null;
    let index = ordinal;
    for (const { key, count } of this.manifests) {
      if (index < count) return { manifestKey: key, index };
      index -= count;
    }
    return null;
  }

  /** One at the front has left its place already. */
  #leave({ ordinal }: WaitingBook): void {
    if (!this.#front.some((book) => book.ordinal === ordinal)) this.#taken.add(ordinal);
  }
}
