/** What one process has spent on answers on one day. */
export interface UsageEntry {
  /** In UTC: `2026-01-31`. */
  readonly day: string;
  /** The process; no other writes this entry. */
  readonly writer: string;
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Hundredths of the currency in which the prices are set. */
  readonly costCents: number;
}

/**
 * What answers cost, by day and process, beside the catalog: a process that ends leaves its entry. Each one only ever
 * replaces its own, so that none loses what another wrote. All methods throw what `VectorStore` throws.
 */
export interface UsageLedger extends AsyncDisposable {
  /** Inserts or replaces by day and writer; acknowledged when the promise resolves. */
  put(entry: UsageEntry): Promise<void>;
  /** Entries of all processes. */
  of(day: string): Promise<readonly UsageEntry[]>;
}
