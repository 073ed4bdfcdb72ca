/** Counts questions, and writes those that were slow into the log. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Meter, QueryEnd } from '../../activities/ports/telemetry.ts';
import type { Metrics } from './metrics.ts';

export interface SlowQueries {
  /** A question that took longer is logged. */
  readonly thresholdMs: number;
  /** Whether the log holds the text of a question, or only its SHA-256. */
  readonly text: 'plain' | 'hash';
}

export function createMeter(metrics: Metrics, slow: SlowLog): Meter {
  return {
    query(end) {
      const { kind, outcome, totalMs, timings } = end;
      metrics.queries.add(1, { kind, outcome });
      metrics.queryLatency.record(totalMs / 1_000, { stage: 'total' });
      for (const [stage, ms] of Object.entries(timings)) metrics.queryLatency.record(ms / 1_000, { stage });
      slow.see(end);
    },
    retrieved(passages) {
      metrics.chunksRetrieved.record(passages);
    },
    cache(cache, result) {
      metrics.cacheRequests.add(1, { cache, result });
    },
  };
}

/** A question that was slow. */
export interface SlowQuestion extends Omit<QueryEnd, 'text'> {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Null where the configuration keeps texts out of the log. */
  readonly text: string | null;
}

/** As many as a page shows. */
const KEPT = 50;

/** Writes slow questions into the log, and keeps the latest. */
export class SlowLog {
  readonly #slow: SlowQueries;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #latest: SlowQuestion[] = [];

  constructor(slow: SlowQueries, logger: Pick<Logger, 'warn'>) {
    this.#slow = slow;
    this.#logger = logger;
  }

  /** Newest first. */
  get latest(): readonly SlowQuestion[] {
    return this.#latest;
  }

  see(end: QueryEnd): void {
    if (end.totalMs <= this.#slow.thresholdMs) return;
    this.#logger.warn(slowEntry(end, this.#slow), 'slow query');
    const text = this.#slow.text === 'plain' ? end.text : null;
    this.#latest.unshift({ ...end, text, atMs: Date.now() });
    this.#latest.splice(KEPT);
  }
}

function slowEntry({ text, traceId, filters, ...rest }: QueryEnd, slow: SlowQueries): object {
  const shown =
    slow.text === 'plain'
      ? { query: text, filters }
      : { querySha256: sha256(text), filters: withoutTyped(filters) };
  return { ...shown, ...rest, ...(traceId !== null && { trace_id: traceId }) };
}

/** What people type tells what they look for, in a filter as in a question. */
const TYPED: ReadonlySet<string> = new Set(['title', 'author', 'section']);

function withoutTyped(filters: QueryEnd['filters']): QueryEnd['filters'] {
  return Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [
      name,
      TYPED.has(name) && value !== undefined ? 'given' : value,
    ]),
  );
}

/** The same question has the same hash, so that one can be counted without being read. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
