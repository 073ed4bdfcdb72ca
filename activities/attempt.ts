/** One attempt at a stage: what it inherits from those before it by their heartbeats, and what it leaves to the next. */
import type { Context } from '@temporalio/activity';
import { z } from 'zod';

/** What bounds every stage of ingestion. */
export interface StageLimits {
  /** Longest time that a book waits for a part out of service, in milliseconds; it then fails with that part's code. */
  readonly maxOutageMs: number;
  /** Hears of a stage that stalled: what hangs in native code is never given back, and its process makes way for another. */
  readonly onStall?: (reason: string) => void;
}

export interface AttemptOptions extends StageLimits {
  /**
   * Longest time without progress, in milliseconds, for stages whose work is in native code that can hang; the others
   * are bounded otherwise. An attempt that passes it stops its heartbeats, so that Temporal gives the stage to another
   * worker.
   */
  readonly maxStallMs?: number;
}

/** Far more than a batch of any stage takes. */
export const STALL_MS = 10 * 60_000;
/** Several times within the heartbeat timeout, so that a busy event loop is not taken for a dead worker. */
const HEARTBEAT_EVERY_MS = 3_000;
/**
 * Progress is told this often at most, and not in the first second. A heartbeat costs the server about a third of what a
 * whole activity costs it, and in a library of short books every stage would send one.
 */
const TELL_EVERY_MS = 1_000;
/** What one gap between two attempts adds at most: twice the longest wait, so that a stack that was itself down uses up nothing. */
const MAX_GAP_MS = 2 * 60_000;

/** A part that names the time of the next try is asked then, and a little later where the queue is long. */
const LATE_MS = 60_000;

const outage = z.object({
  ms: z.number(),
  atMs: z.number(),
  /** The wait that was asked for. */
  askedMs: z.number().optional(),
});

const heartbeatDetails = z.object({
  /** Attempts that the step itself failed. */
  failures: z.number(),
  /** Attempts that found a part out of service. */
  outages: z.number().default(0),
  /** The outage that goes on: for how long, and when it was last met. */
  outage: outage.optional(),
  done: z.number().optional(),
  /** The furthest that any attempt got, and how many workers had been lost before it did. */
  furthest: z.number().optional(),
  forgiven: z.number().optional(),
  total: z.number().nullable().optional(),
});
type HeartbeatDetails = z.infer<typeof heartbeatDetails>;

export class Attempt implements Disposable {
  readonly #context: Context;
  readonly #options: AttemptOptions;
  readonly #before: HeartbeatDetails;
  readonly #stalled = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #latest: HeartbeatDetails;
  #silentMs = 0;
  #toldAtMs = Date.now();

  constructor(context: Context, options: AttemptOptions) {
    this.#context = context;
    this.#options = options;
    this.#before = heartbeatDetails.safeParse(context.info.heartbeatDetails).data ?? {
      failures: 0,
      outages: 0,
    };
    this.#latest = this.#before;
    this.#timer = setInterval(() => this.#tick(), HEARTBEAT_EVERY_MS);
  }

  /** Aborted when the workflow cancels the stage, the worker shuts down, or the attempt stalls. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#context.cancellationSignal, this.#stalled.signal]);
  }

  /** How far an earlier attempt got; 0 for the first. */
  get doneBefore(): number {
    return this.#before.done ?? 0;
  }

  /** Attempts that found a part out of service, this one included once it is counted. */
  get outages(): number {
    return this.#latest.outages;
  }

  /** Attempts that ended with their worker since one last got further than all before it. */
  get lostWorkers(): number {
    return this.#allLost - (this.#before.forgiven ?? 0);
  }

  get #allLost(): number {
    return this.#context.info.attempt - 1 - this.#before.failures - this.#before.outages;
  }

  progress(done: number, total: number | null): void {
    this.#silentMs = 0;
    const before = this.#before.furthest ?? this.doneBefore;
    const lost = this.#allLost;
    const reached = lost > 0 && {
      furthest: Math.max(before, done),
      ...(done > before && { forgiven: lost }),
    };
    this.#latest = { ...this.#latest, done, total, ...reached };
    if (Date.now() - this.#toldAtMs >= TELL_EVERY_MS) this.#tell();
  }

  /** Counts a failure of the step itself; gives the number of them. */
  countFailure(): number {
    const failures = this.#before.failures + 1;
    this.#leave({ ...this.#latest, failures, outage: undefined });
    return failures;
  }

  /**
   * Counts an outage; true when it has lasted for longer than a book may wait.
   * @param askedMs the wait that the part asked for, if any
   */
  countOutage(askedMs?: number): boolean {
    const now = Date.now();
    const { outages, outage } = this.#before;
    // An attempt that got further than those before it has found the part in service: this is another outage.
    const further = (this.#latest.done ?? 0) > this.doneBefore;
    const gapMs = outage && !further ? Math.min(Math.max(0, now - outage.atMs), longestGapMs(outage)) : 0;
    const ms = further ? 0 : (outage?.ms ?? 0) + gapMs;
    this.#leave({
      ...this.#latest,
      outages: outages + 1,
      outage: { ms, atMs: now, ...(askedMs !== undefined && { askedMs }) },
    });
    return ms >= this.#options.maxOutageMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { maxStallMs = Number.POSITIVE_INFINITY, onStall } = this.#options;
    this.#silentMs += HEARTBEAT_EVERY_MS;
    if (this.#silentMs <= maxStallMs) this.#tell();
    else if (!this.#stalled.signal.aborted) this.#stall(maxStallMs, onStall);
  }

  #stall(maxStallMs: number, onStall: AttemptOptions['onStall']): void {
    const reason = `no progress of ${this.#context.info.activityType} for ${maxStallMs / 60_000} minutes`;
    this.#stalled.abort(new Error(reason));
    onStall?.(reason);
  }

  #leave(details: HeartbeatDetails): void {
    // The furthest that any attempt got, so that a stage that begins anew each time is not taken to have got further.
    const done = Math.max(details.done ?? 0, this.doneBefore);
    this.#latest = done > 0 ? { ...details, done } : details;
    this.#tell();
  }

  #tell(): void {
    this.#toldAtMs = Date.now();
    this.#context.heartbeat(this.#latest);
  }
}

function longestGapMs({ askedMs }: z.infer<typeof outage>): number {
  return Math.max(MAX_GAP_MS, (askedMs ?? 0) + LATE_MS);
}
