/** Values that tell one span or one count from another; names as OpenTelemetry's conventions have them. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  set(attributes: Attributes): void;
}

/** Where time goes. Whoever measures nothing gives `run` a span that forgets. */
export interface Tracer {
  /** Runs it as a span below the one that is active. What it throws is noted and thrown on. */
  span<T>(name: string, attributes: Attributes, run: (span: Span) => Promise<T>): Promise<T>;
}

/** Hears of a stage that no port shows, and gives what `work` gives. */
export type StageObserver = <T>(stage: string, work: () => Promise<T>) => Promise<T>;

/** One question, whoever served it. */
export interface QueryEnd {
  readonly kind: 'answer' | 'search';
  readonly outcome: 'done' | 'failed' | 'cancelled';
  /** Code of the registry: what it failed with, or why the model did not write its answer. Null where all went well. */
  readonly code: string | null;
  readonly text: string;
  /** Everything that was asked for beside the text: library, filters, number of hits. */
  readonly filters: Readonly<Record<string, unknown>>;
  /** Hits, or citations of an answer. */
  readonly results: number;
  /** Milliseconds, from the question to the answer. */
  readonly totalMs: number;
  /** Milliseconds spent in each stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Hexadecimal; null where nothing is traced. */
  readonly traceId: string | null;
}

/** What is counted. Everything here returns at once and never throws. */
export interface Meter {
  query(end: QueryEnd): void;
  /** Passages that a search gave which no activity did. */
  retrieved(passages: number): void;
  /** What became of a look into one of the caches, or of an entry that had to go. */
  cache(cache: string, result: 'hit' | 'miss' | 'refusal' | 'eviction' | 'failure'): void;
}
