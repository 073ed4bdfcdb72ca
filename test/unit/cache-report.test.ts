/** What `scriptorium cache` shows and clears. */
import { expect, test } from '@jest/globals';
import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { AnswerCaches } from '../../activities/cache/answer-caches.ts';
import { CachedEmbedder } from '../../activities/cache/cached-embedder.ts';
import { createCacheActivities } from '../../activities/caches.ts';
import { cacheLines } from '../../client/cli/commands/cache.ts';
import { DIMENSIONS, unitVector } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

test('what the caches hold is shown with their counts, and cleared', async () => {
  await using folder = await tempFolder();
  const shared = await LanceAnswerCache.open({
    folder: folder.path,
    embedderId: 'm',
    dimensions: DIMENSIONS,
  });
  const inner = {
    ...{ id: 'm', dimensions: DIMENSIONS, maxTokens: 256 },
    embed: async (texts: readonly string[]) => texts.map((text) => unitVector(text)),
    [Symbol.asyncDispose]: async () => {},
  };
  const embedder = new CachedEmbedder(inner, { maxEntries: 10 });
  const limits = {
    ...{ exactEntries: 3, exactMaxAgeMs: 300_000, semanticEntries: 100, semanticMaxAgeMs: 86_400_000 },
    ...{ minSimilarity: 0.95, staleMs: 60_000 },
  };
  await using caches = new AnswerCaches({ limits, catalog: new MemoryCatalog(), embedder, shared });
  const today = { day: '2026-01-31', answers: 2, inputTokens: 12_345, outputTokens: 67, costCents: 250 };
  const budget = { of: async () => today };
  const { reportCaches } = createCacheActivities({ caches, embedder, budget });

  const ticket = await caches.ticket('all');
  if (!ticket) throw new Error('there is no ticket');
  expect(await caches.find({ question: 'who', scope: 'all' })).toBeNull();
  caches.keep('who', ticket, { answer: 'A', citations: [], droppedCitations: [], mode: 'model' }, []);
  await caches.idle();
  expect(await caches.find({ question: 'who', scope: 'all' })).toMatchObject({ cached: { kind: 'exact' } });

  const none = { hits: 0, misses: 0, refusals: 0, evictions: 0, failures: 0 };
  const shown = await resultOf(reportCaches, { clear: false });
  expect(shown).toEqual({
    cleared: null,
    worker: process.pid,
    today,
    caches: [
      { ...none, name: 'exact', of: 'worker', entries: 1, hits: 1, misses: 1 },
      { ...none, name: 'semantic', of: 'store', entries: 1, misses: 1 },
      { ...none, name: 'embedding', of: 'worker', entries: 1, hits: 1, misses: 1 },
    ],
  });
  const cleared = await resultOf(reportCaches, { clear: true });
  expect(cleared.cleared).toBe(3);
  expect(cleared.caches.map(({ entries }) => entries)).toEqual([0, 0, 0]);
  expect(cacheLines(cleared).slice(0, 3)).toEqual([
    'Cleared: 3 entries.',
    'answers to the same question (worker): 0 kept',
    '  hits 1 · misses 1 · refusals 0 · evictions 0 · failures 0',
  ]);
  expect(cacheLines(cleared).at(-1)).toBe(
    '2026-01-31: 2 answers of the model, 12,345 tokens read, 67 written, cost 2.50',
  );
});
