/** What answers questions beside the stores: the models that write, and the caches. */
import { ExtractiveAnswers } from '../activities/adapters/answers/extractive.ts';
import { OpenAiAnswers } from '../activities/adapters/answers/openai-answers.ts';
import { LanceAnswerCache } from '../activities/adapters/lancedb/answer-cache.ts';
import { LanceUsageLedger } from '../activities/adapters/lancedb/usage-ledger.ts';
import { QdrantAnswerCache } from '../activities/adapters/qdrant/answer-cache.ts';
import { QdrantUsageLedger } from '../activities/adapters/qdrant/usage-ledger.ts';
import { AnswerBudget } from '../activities/answer-budget.ts';
import { BudgetedAnswers } from '../activities/budgeted-answers.ts';
import { AnswerCaches } from '../activities/cache/answer-caches.ts';
import type { CacheListener } from '../activities/cache/cache-counts.ts';
import { CachedEmbedder } from '../activities/cache/cached-embedder.ts';
import type { AnswerCache } from '../activities/ports/answer-cache.ts';
import type { AnswerModel } from '../activities/ports/answer-model.ts';
import type { Catalog } from '../activities/ports/catalog.ts';
import type { Embedder } from '../activities/ports/embedder.ts';
import type { UsageLedger } from '../activities/ports/usage-ledger.ts';
import type { Config } from './config.ts';
import { qdrantOptions, qdrantServer } from './stores.ts';

export interface Answering {
  /** The one that is configured. */
  readonly answerModel: AnswerModel;
  /** The one that always answers. */
  readonly extractive: AnswerModel;
  /** Time for a whole answer when the asker sets none, in milliseconds. */
  readonly deadlineMs: number;
  readonly caches: AnswerCaches;
  /** What the model costs; null when none is configured. */
  readonly budget: AnswerBudget | null;
}

export interface AnsweringOptions {
  readonly embedder: CachedEmbedder;
  readonly catalog: Catalog;
  /** Hears of every look into a cache. */
  readonly listener?: CacheListener;
  /** Hears of what answers cost that could not be written down; it is written with the next. */
  readonly onUnwritten?: ((error: unknown) => void) | undefined;
}

/** The embedder, with the vectors of questions kept. */
export function cachingEmbedder(
  embedder: Embedder,
  { caches }: Config,
  listener?: CacheListener,
): CachedEmbedder {
  return new CachedEmbedder(embedder, { maxEntries: caches.embeddingEntries, listener });
}

/** @throws ScriptoriumError STORE_UNREACHABLE, STORE_REJECTED, DISK_FULL */
export async function openAnswering(
  config: Config,
  { embedder, catalog, listener, onUnwritten }: AnsweringOptions,
): Promise<Answering> {
  const extractive = new ExtractiveAnswers();
  const { answers, answerDeadlineMs, caches: limits } = config;
  const budget = answers && new AnswerBudget({ ledger: await openLedger(config), onUnwritten, ...answers });
  const shared = await openAnswerCache(config, embedder);
  return {
    answerModel: answers && budget ? new BudgetedAnswers(new OpenAiAnswers(answers), budget) : extractive,
    ...{ extractive, budget, deadlineMs: answerDeadlineMs },
    caches: new AnswerCaches({
      ...{ limits, catalog, embedder, uncounted: embedder.uncounted, shared, listener },
    }),
  };
}

async function openLedger({ store, home }: Config): Promise<UsageLedger> {
  if (store.kind === 'lancedb') return await LanceUsageLedger.open(home.store);
  return await QdrantUsageLedger.open(qdrantServer(store));
}

async function openAnswerCache({ store, home }: Config, { id, dimensions }: Embedder): Promise<AnswerCache> {
  if (store.kind === 'lancedb')
    return await LanceAnswerCache.open({ folder: home.store, embedderId: id, dimensions });
  return await QdrantAnswerCache.open(qdrantOptions(store, id, dimensions));
}
