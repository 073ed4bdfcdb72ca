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
    const isPlain = this.#slow.text === 'plain';
    const shown = isPlain ? end : { ...end, filters: withoutTyped(end.filters) };
    const { text, traceId, ...rest } = shown;
    const query = isPlain ? { query: text } : { querySha256: sha256(text) };
    this.#logger.warn({ ...query, ...rest, ...(traceId !== null && { trace_id: traceId }) }, 'slow query');
    this.#latest.unshift({ ...shown, text: isPlain ? text : null, atMs: Date.now() });
    this.#latest.splice(KEPT);
  }
}

/** What people type tells what they look for, in a filter as in a question. */
const TYPED: ReadonlySet<string> = new Set(['title', 'author', 'section']);

/** Those of books stand among those of the question, under a name of their own. */
function withoutTyped(filters: QueryEnd['filters']): QueryEnd['filters'] {
  return Object.fromEntries(
    Object.entries(filters).map(([name, value]) => {
      if (TYPED.has(name) && value !== undefined) return [name, 'given'];
      return [name, name === 'filters' && isRecord(value) ? withoutTyped(value) : value];
    }),
  );
}

function isRecord(value: unknown): value is QueryEnd['filters'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same question has the same hash, so that one can be counted without being read. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
