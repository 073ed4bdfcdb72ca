/** The best passages in the order of a reranker, where there is one and it answers in time. */
import { ScriptoriumError } from '../errors.ts';
import type { Reranker } from '../ports/reranker.ts';
import type { StoredHit } from '../ports/vector-store.ts';
import type { Fused } from './fuse.ts';
import type { Ranked } from './group.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Passages that a reranker reads: the time it takes grows with them. */
const RERANKED = 30;

export interface RerankLimits {
  readonly signal?: AbortSignal | undefined;
  /** When the result of the whole search is wanted, in milliseconds since 1970. */
  readonly untilMs?: number | undefined;
}

export interface Reranking {
  readonly ranked: readonly Ranked[];
  /** Absent without a reranker. */
  readonly reranked?: boolean;
}

/** A reranker that fails leaves the order as it was, and the result says so: a worse order is better than none. */
export async function reranking(
  reranker: Reranker | undefined,
  query: string,
  fused: readonly Fused<StoredHit>[],
  watch: Stopwatch,
  { signal, untilMs }: RerankLimits,
): Promise<Reranking> {
  const ranked = fused.map(({ item, score }) => ({ passage: item, score }));
  if (!reranker) return { ranked };
  const best = ranked.slice(0, RERANKED);
  const texts = best.map(({ passage }) => passage.text);
  // Half of the time that is left: what follows needs some, and a worse order in time is better than none.
  const late =
    untilMs === undefined ? null : AbortSignal.timeout(Math.max(0, Math.floor((untilMs - Date.now()) / 2)));
  const limits = [signal, late].filter((each) => each !== undefined && each !== null);
  try {
    const scores = await watch.time('rerank', () => reranker.rerank(query, texts, AbortSignal.any(limits)));
    const order = best.map((each, at) => ({ each, score: scores[at] ?? 0 }));
    const first = order.sort((a, b) => b.score - a.score).map(({ each }) => each);
    return { ranked: [...first, ...ranked.slice(RERANKED)], reranked: true };
  } catch (error) {
    const tooLate = late?.aborted && !signal?.aborted;
    if (tooLate || (error instanceof ScriptoriumError && error.code === 'RERANK_FAILED'))
      return { ranked, reranked: false };
    throw error;
  }
}
