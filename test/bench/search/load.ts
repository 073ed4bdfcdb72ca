/** Many clients at once, for some time or until something else is over. */
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../retrieval/metrics.ts';

export const CLIENTS = 20;

export interface Load {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
  readonly errors: number;
}

export interface Pace {
  /** Questions a second of all clients together; without it each asks again as soon as it is answered. */
  readonly rate?: number | undefined;
  /** Looked at before each question. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

/** A question that takes longer is not answered at once, as people feel it (Nielsen 1993). */
export const MOST_MS = 100;
/** Of the rate at which clients that never pause are answered: there each waits for nineteen others. */
const STEADY_SHARES = [0.7, 0.5, 0.35, 0.25, 0.15];

/** At the highest of some steady rates whose p95 stays under `MOST_MS`; where none does, the rate is not a number. */
export async function steadyLoad(
  work: (at: number) => Promise<unknown>,
  { perSecond, seconds, signal }: { perSecond: number; seconds: number; signal: AbortSignal },
): Promise<Load> {
  let load: Load | undefined;
  for (const share of STEADY_SHARES) {
    load = await loaded(work, { rate: share * perSecond, isOver: after(seconds), signal });
    if (load.p95Ms < MOST_MS && load.errors === 0) return load;
    process.stderr.write(lineOf('  too fast', load));
  }
  if (!load) throw new Error('no rate was tried');
  return { ...load, perSecond: Number.NaN };
}

/** For `isOver`: true from so many seconds on. */
export function after(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() >= end;
}

/** A question's time counts from when it was due: one that had to wait for a free client shows it. */
export async function loaded(
  work: (at: number) => Promise<unknown>,
  { rate = Number.POSITIVE_INFINITY, isOver, signal }: Pace,
): Promise<Load> {
  const ms: number[] = [];
  let errors = 0;
  let next = 0;
  const started = performance.now();
  const client = async (): Promise<void> => {
    while (!isOver() && !signal.aborted) {
      const at = next++;
      const due = Number.isFinite(rate) ? started + (at / rate) * 1_000 : performance.now();
      if (due > performance.now()) await delay(due - performance.now(), undefined, { signal });
      // What is due after the end is not asked.
      if (isOver()) return;
      try {
        await work(at);
        ms.push(performance.now() - due);
      } catch {
        errors += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  signal.throwIfAborted();
  const elapsed = (performance.now() - started) / 1_000;
  return { p50Ms: percentile(ms, 0.5), p95Ms: percentile(ms, 0.95), perSecond: ms.length / elapsed, errors };
}

export function lineOf(name: string, { p50Ms, p95Ms, perSecond, errors }: Load): string {
  const times = `p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`;
  return `${name.padEnd(36)} ${times}, ${perSecond.toFixed(1)}/s, ${errors} errors\n`;
}
