/** How many books of a run came to which end. Pure. */
import type { CarriedState } from './carried-state.ts';
import type { BookCounts, BookOutcome, ScanResult } from './contract.ts';

type CarriedCounts = Pick<
  CarriedState,
  'ingested' | 'failed' | 'cancelled' | 'chunks' | 'added' | 'unchanged' | 'incomplete'
>;

export class RunCounts {
  readonly #scan: Pick<ScanResult, 'toIngest' | 'unchanged' | 'failed'>;
  #ingested = 0;
  #failed: number;
  #cancelled = 0;
  #chunks = 0;
  /** Books that retries found beside those that had failed: a folder that could not be read counted as one. */
  #added = 0;
  /** Of books that had failed. */
  #unchanged = 0;
  #incomplete = 0;

  constructor(scan: ScanResult) {
    this.#scan = scan;
    this.#failed = scan.failed;
  }

  get chunks(): number {
    return this.#chunks;
  }

  get failed(): number {
    return this.#failed;
  }

  /** With so many more that are cancelled because they will not be started. */
  withCancelled(more: number): BookCounts {
    const { toIngest, unchanged, failed } = this.#scan;
    return {
      total: toIngest + unchanged + failed + this.#added,
      ingested: this.#ingested,
      unchanged: unchanged + this.#unchanged,
      failed: this.#failed,
      cancelled: this.#cancelled + more,
      ...(this.#incomplete > 0 && { incomplete: this.#incomplete }),
    };
  }

  settle(
    report: Pick<BookOutcome, 'outcome'> & { readonly chunks?: number; readonly unreadable?: number },
  ): void {
    if (report.outcome === 'failed') this.#failed += 1;
    else if (report.outcome === 'cancelled') this.#cancelled += 1;
    else {
      this.#ingested += 1;
      this.#chunks += report.chunks ?? 0;
      if (report.unreadable) this.#incomplete += 1;
    }
  }

  /** Failed books count for what they were found to be now. */
  retry({ toIngest, failed, unchanged, retried }: ScanResult): void {
    // Before version 0.7 a scan did not say how many paths it looked at: those that failed again counted on.
    const before = Math.min(this.#failed, retried ?? toIngest + unchanged);
    const after = retried === undefined ? 0 : failed;
    this.#failed += after - before;
    this.#unchanged += unchanged;
    this.#added += toIngest + unchanged + after - before;
  }

  carry(): CarriedCounts {
    return {
      ...{ ingested: this.#ingested, failed: this.#failed, cancelled: this.#cancelled },
      ...{ chunks: this.#chunks, added: this.#added, unchanged: this.#unchanged },
      ...(this.#incomplete > 0 && { incomplete: this.#incomplete }),
    };
  }

  resume(carried: CarriedCounts): void {
    const { ingested, failed, cancelled, chunks, added = 0, unchanged = 0, incomplete = 0 } = carried;
    this.#ingested = ingested;
    this.#failed = failed;
    this.#cancelled = cancelled;
    this.#chunks = chunks;
    this.#added = added;
    this.#unchanged = unchanged;
    this.#incomplete = incomplete;
  }
}
