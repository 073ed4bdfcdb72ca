/** What the caches of questions hold, and how to empty them. */
import type { CacheReport, CachesReport } from '../workflows/cache-contract.ts';
import type { AnswerBudget } from './answer-budget.ts';
import type { AnswerCaches } from './cache/answer-caches.ts';
import type { CacheCounts } from './cache/cache-counts.ts';
import type { CachedEmbedder } from './cache/cached-embedder.ts';
import { questionStage } from './stage.ts';

export interface CachePorts {
  readonly caches: AnswerCaches;
  readonly embedder: Pick<CachedEmbedder, 'counts' | 'entries' | 'clear'>;
  readonly budget: Pick<AnswerBudget, 'of'> | null;
}

export type CacheActivities = ReturnType<typeof createCacheActivities>;

export function createCacheActivities(ports: CachePorts) {
  return {
    reportCaches: questionStage(
      async ({ clear }: { readonly clear: boolean }): Promise<CachesReport> => ({
        cleared: clear ? await clearAll(ports) : null,
        caches: await reportsOf(ports),
        today: (await ports.budget?.of()) ?? null,
        worker: process.pid,
      }),
    ),
  };
}

async function clearAll({ caches, embedder }: CachePorts): Promise<number> {
  const vectors = embedder.entries;
  embedder.clear();
  const { exact, semantic } = await caches.clear();
  return vectors + exact + semantic;
}

async function reportsOf({ caches, embedder }: CachePorts): Promise<CacheReport[]> {
  const { exact, semantic } = await caches.entries();
  return [
    { name: 'exact', of: 'worker', entries: exact, ...told(caches.exact) },
    { name: 'semantic', of: 'store', entries: semantic, ...told(caches.semantic) },
    { name: 'embedding', of: 'worker', entries: embedder.entries, ...told(embedder.counts) },
  ];
}

function told({ all }: CacheCounts): Omit<CacheReport, 'name' | 'of' | 'entries'> {
  const { hit, miss, refusal, eviction, failure } = all;
  return { hits: hit, misses: miss, refusals: refusal, evictions: eviction, failures: failure };
}
