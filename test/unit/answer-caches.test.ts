/** Caches of answers over a real LanceDB: what they give, what they refuse and what they forget. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LanceAnswerCache } from '../../activities/adapters/lancedb/answer-cache.ts';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { AnswerCaches, type CacheLimits } from '../../activities/cache/answer-caches.ts';
import { CachedEmbedder } from '../../activities/cache/cached-embedder.ts';
import type { AnswerCache } from '../../activities/ports/answer-cache.ts';
import type { Catalog } from '../../activities/ports/catalog.ts';
import { createMetrics } from '../../workers/telemetry/metrics.ts';
import { createMeter, SlowLog } from '../../workers/telemetry/query-meter.ts';
import type { KeptAnswer } from '../../workflows/question-contract.ts';
import {
  bookIdOf,
  closeStores,
  DIMENSIONS,
  record,
  type Stores,
  unitVector,
} from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { samplesIn } from '../helpers/prometheus-text.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

const LIMITS: CacheLimits = {
  ...{ exactEntries: 3, exactMaxAgeMs: 300_000, semanticEntries: 100, semanticMaxAgeMs: 86_400_000 },
  ...{ minSimilarity: 0.95, staleMs: 60_000 },
};

/** Questions of the same words are near, in whatever order; others are not. */
const embedder = {
  embed: async (texts: readonly string[]): Promise<readonly Float32Array[]> =>
    texts.map((text) => unitVector((text.toLowerCase().match(/\w+/g) ?? []).sort().join(' '))),
};

const citation = {
  ...{ n: 1, title: 'A Title', author: null, page: null, section: [], path: '/library/alice.pdf' },
  ...{ chunkId: 'c1', quote: 'lit by her' },
};
const kept = (answer: string, citations: KeptAnswer['citations'] = [citation]): KeptAnswer => ({
  ...{ answer, citations, droppedCitations: [] },
  mode: 'extractive',
});

let folder: TempFolder;
let clockMs: number;
let stores: Stores;
beforeEach(async () => {
  folder = await tempFolder();
  clockMs = 1_735_689_600_000;
  stores = await openStores();
});
afterEach(async () => {
  await closeStores(stores);
  await folder[Symbol.asyncDispose]();
});

const options = () => ({ folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS });
const openStores = async (): Promise<Stores> => await openLanceStores(options());

/** Caches as a process has them. */
async function openCaches(
  changes: Partial<CacheLimits> = {},
  { shared, catalog = stores.catalog }: { shared?: AnswerCache; catalog?: Catalog } = {},
): Promise<AnswerCaches> {
  return new AnswerCaches({
    ...{ limits: { ...LIMITS, ...changes }, catalog, embedder, now: () => clockMs },
    shared: shared ?? (await LanceAnswerCache.open(options())),
  });
}

const asked = (question: string, scope = 'all') => ({ question, scope });
const sourceOf = (name: string, revision = 'r1') => ({ bookId: bookIdOf(name), revision });

/** Answers a question as a stage of it would, and waits until all may know. */
async function answer(caches: AnswerCaches, question: string, sources = [sourceOf('alice')]): Promise<void> {
  const ticket = await caches.ticket('all');
  if (!ticket) throw new Error('there is no ticket');
  caches.keep(question, ticket, kept(`answer to ${question}`), sources);
  await caches.idle();
}

async function found(caches: AnswerCaches, question: string): Promise<string | undefined> {
  const hit = await caches.find(asked(question));
  return hit ? `${hit.cached.kind}: ${hit.answer.answer}` : undefined;
}

describe('an answer that was given', () => {
  beforeEach(async () => await stores.catalog.put(record('alice')));

  test('is given again to the same question, and in another process too', async () => {
    await using caches = await openCaches();
    await using other = await openCaches();
    expect(await found(caches, 'who lit it')).toBeUndefined();
    await answer(caches, 'who lit it');
    expect(await found(caches, 'who lit it')).toBe('exact: answer to who lit it');
    expect(await found(other, 'who lit it')).toBe('semantic: answer to who lit it');
    expect(await found(other, 'who lit it')).toBe('exact: answer to who lit it');
    expect(caches.exact.all).toMatchObject({ hit: 1, miss: 1, refusal: 0 });
    expect(caches.semantic.all).toMatchObject({ hit: 0, miss: 1, failure: 0 });
    expect(other.semantic.all).toMatchObject({ hit: 1, miss: 0 });
  });

  test('is given to a question that means the same, with that question and its age', async () => {
    await using caches = await openCaches();
    await answer(caches, 'Who lit the lamp');
    clockMs += 1_000;
    const hit = await caches.find(asked('who lit the lamp?'));
    expect(hit?.cached).toEqual({ kind: 'semantic', question: 'Who lit the lamp', ageMs: 1_000 });
  });

  test.each([
    ['another number', 'Lamp 7: who lit', 'Lamp 8: who lit'],
    ['another name', 'Did Bob light Alice', 'Did Alice light Bobby'],
    ['a negation', 'Did he light the lamp', 'Did he not light the lamp'],
  ])('is not given to a question with %s, be it as near as can be', async (_, first, second) => {
    await using shared = await LanceAnswerCache.open(options());
    await using caches = new AnswerCaches({
      ...{ limits: LIMITS, catalog: stores.catalog, shared, now: () => clockMs },
      embedder: { embed: async () => [unitVector('always the same')] },
    });
    await answer(caches, first);
    expect(await found(caches, second)).toBeUndefined();
    expect(await found(caches, `${first}, please`)).toBe(`semantic: answer to ${first}`);
  });

  test('is not given in another scope', async () => {
    await using caches = await openCaches();
    await answer(caches, 'who lit it');
    expect(await caches.find(asked('who lit it', 'library manuals'))).toBeNull();
  });

  test('is refused from the moment that one of its books has another revision, or none, or no record', async () => {
    await using caches = await openCaches();
    await using other = await openCaches();
    const changes = [
      async () => await stores.catalog.put(record('alice', { revision: 'r2' })),
      async () => await stores.catalog.put(record('alice', { revision: null, state: 'failed' })),
      async () => await stores.catalog.remove([bookIdOf('alice')]),
    ];
    for (const [index, change] of changes.entries()) {
      await stores.catalog.put(record('alice'));
      await answer(caches, 'who lit it');
      expect(await found(other, 'who lit it')).toMatch(/answer/);
      await change();
      expect(await found(other, 'who lit it')).toBeUndefined();
      expect(await found(caches, 'who lit it')).toBeUndefined();
      expect(other.exact.all.refusal).toBe(index + 1);
      await Promise.all([caches.idle(), other.idle()]);
    }
    expect(await caches.entries()).toEqual({ exact: 0, semantic: 0 });
  });

  test('is honoured for a while when other books come, then refused', async () => {
    await using caches = await openCaches();
    await answer(caches, 'who lit it');
    await stores.catalog.put(record('bob'));
    clockMs += 60_000;
    expect(await found(caches, 'who lit it')).toMatch(/^exact/);
    clockMs += 1;
    expect(await found(caches, 'who lit it')).toBeUndefined();
  });

  test('is refused as soon as another book comes when it cites nothing: that book may have said it', async () => {
    await using caches = await openCaches();
    await using other = await openCaches();
    const ticket = await caches.ticket('all');
    if (!ticket) throw new Error('there is no ticket');
    caches.keep('who lit it', ticket, kept('The library does not say.', []), [sourceOf('alice')]);
    await caches.idle();
    expect(await found(caches, 'who lit it')).toMatch(/^exact/);
    await stores.catalog.put(record('bob'));
    expect(await found(caches, 'who lit it')).toBeUndefined();
    expect(await found(other, 'who lit it')).toBeUndefined();
  });

  test('is given for as long as it may while nothing changes', async () => {
    await using caches = await openCaches();
    await answer(caches, 'who lit it');
    clockMs += 300_000;
    expect(await found(caches, 'who lit it')).toMatch(/^exact/);
    clockMs += 1;
    expect(await found(caches, 'who lit it')).toMatch(/^semantic/);
    clockMs += 86_400_000;
    expect(await found(caches, 'who lit it')).toBeUndefined();
    expect(caches.exact.all.refusal).toBe(0);
  });

  test('is refused at once without staleness', async () => {
    await using caches = await openCaches({ staleMs: 0 });
    await answer(caches, 'who lit it');
    clockMs += 1;
    expect(await found(caches, 'who lit it')).toMatch(/^exact/);
    await stores.catalog.put(record('bob'));
    expect(await found(caches, 'who lit it')).toBeUndefined();
  });

  test('is forgotten when the caches are cleared, in every process, and those after it are kept', async () => {
    await using caches = await openCaches();
    await using other = await openCaches();
    await answer(caches, 'who lit it');
    expect(await found(other, 'who lit it')).toMatch(/answer/);
    clockMs += 1;
    expect(await caches.clear()).toEqual({ exact: 1, semantic: 1 });
    expect(await found(other, 'who lit it')).toBeUndefined();
    expect(await found(caches, 'who lit it')).toBeUndefined();
    clockMs += 1;
    await answer(caches, 'who lit it');
    expect(await found(other, 'who lit it')).toMatch(/answer/);
  });
});

describe('the caches', () => {
  beforeEach(async () => await stores.catalog.put(record('alice')));

  test('keep so many and no more, the latest used', async () => {
    await using caches = await openCaches({ semanticEntries: 8 });
    for (let n = 0; n < 12; n += 1) {
      clockMs += 1;
      await answer(caches, `question ${n}`);
    }
    expect(await caches.entries()).toEqual({ exact: 3, semantic: 8 });
    expect(caches.exact.all.eviction).toBe(9);
    expect(caches.semantic.all.eviction).toBe(4);
    expect(await found(caches, 'question 11')).toMatch(/^exact/);
    expect(await found(caches, 'question 5')).toMatch(/^semantic/);
    expect(await found(caches, 'question 3')).toBeUndefined();
  });

  test('keep nothing when they are switched off', async () => {
    await using caches = await openCaches({ exactEntries: 0, semanticEntries: 0 });
    expect(await caches.ticket('all')).toBeNull();
    expect(await found(caches, 'who lit it')).toBeUndefined();
  });

  test('that can’t be reached are misses, and are counted as failures', async () => {
    const broken = async () => {
      throw new Error('gone');
    };
    const shared = await LanceAnswerCache.open(options());
    await using caches = await openCaches(
      {},
      { shared: Object.assign(shared, { nearest: broken, put: broken, clearedAtMs: broken }) },
    );
    await answer(caches, 'who lit it');
    expect(await found(caches, 'who lit it')).toBeUndefined();
    expect(caches.semantic.all).toMatchObject({ failure: 2, miss: 0 });
    expect(caches.exact.all).toMatchObject({ failure: 1, miss: 0 });
  });

  test('tell of every look-up', async () => {
    const heard: string[] = [];
    const shared = await LanceAnswerCache.open(options());
    await using caches = new AnswerCaches({
      ...{ limits: LIMITS, catalog: stores.catalog, embedder, shared },
      listener: (cache, result) => heard.push(`${cache} ${result}`),
    });
    await found(caches, 'who lit it');
    await answer(caches, 'who lit it');
    await found(caches, 'who lit it');
    expect(heard).toEqual(['exact miss', 'semantic miss', 'exact hit']);
  });

  test('have metrics that count what was asked, and not what is embedded to keep an answer', async () => {
    const metrics = createMetrics();
    const { cache: listener } = createMeter(
      metrics,
      new SlowLog({ thresholdMs: 1_000, text: 'plain' }, { warn: () => {} }),
    );
    const model = {
      ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256, ...embedder },
      [Symbol.asyncDispose]: async () => {},
    };
    const cached = new CachedEmbedder(model, { maxEntries: 9, listener });
    await using caches = new AnswerCaches({
      ...{ limits: LIMITS, catalog: stores.catalog, embedder: cached, uncounted: cached.uncounted, listener },
      shared: await LanceAnswerCache.open(options()),
    });
    for (const question of ['who lit it', 'who saw it', 'who lit it', 'who lit it?'])
      if ((await found(caches, question)) === undefined) await answer(caches, question);
    const page = samplesIn(await metrics.page());
    const counted = (cache: string) =>
      ['hit', 'miss', 'refusal', 'eviction', 'failure'].map((result) =>
        page.total('cache_requests_total', { cache, result }),
      );
    expect(counted('exact')).toEqual([1, 3, 0, 0, 0]);
    expect(counted('semantic')).toEqual([1, 2, 0, 0, 0]);
    expect(counted('embedding')).toEqual([0, 3, 0, 0, 0]);
  });
});

describe('the vectors of questions', () => {
  const counting = () => {
    const embedded: string[] = [];
    const state = { refuse: false };
    return {
      ...{ embedded, state },
      ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
      embed: async (texts: readonly string[]): Promise<readonly Float32Array[]> => {
        embedded.push(...texts);
        if (state.refuse) throw new Error('out of order');
        return texts.map((text) => unitVector(text));
      },
      [Symbol.asyncDispose]: async () => {},
    };
  };

  test('are made once, also for questions at the same moment; those of passages each time', async () => {
    const inner = counting();
    const cached = new CachedEmbedder(inner, { maxEntries: 2 });
    const both = await Promise.all([1, 2].map(() => cached.embed(['who'], { kind: 'question' })));
    expect(both[0]).toEqual([unitVector('who')]);
    expect(both[1]).toEqual(both[0]);
    await cached.embed(['who'], { kind: 'passage' });
    await cached.embed(['who']);
    expect(inner.embedded).toEqual(['who', 'who', 'who']);
    expect(cached.counts.all).toMatchObject({ hit: 1, miss: 1 });
  });

  test('can’t be spoiled by those who got them', async () => {
    const cached = new CachedEmbedder(counting(), { maxEntries: 2 });
    const [first] = await cached.embed(['who'], { kind: 'question' });
    first?.fill(0);
    expect(await cached.embed(['who'], { kind: 'question' })).toEqual([unitVector('who')]);
  });

  test('that could not be made are asked for again', async () => {
    const inner = counting();
    const cached = new CachedEmbedder(inner, { maxEntries: 2 });
    inner.state.refuse = true;
    await expect(cached.embed(['who'], { kind: 'question' })).rejects.toThrow('out of order');
    inner.state.refuse = false;
    expect(await cached.embed(['who'], { kind: 'question' })).toHaveLength(1);
    expect(cached.entries).toBe(1);
  });

  test('are kept in a number that is bounded, and not at all when it is 0', async () => {
    const cached = new CachedEmbedder(counting(), { maxEntries: 2 });
    for (const text of ['a', 'b', 'c']) await cached.embed([text], { kind: 'question' });
    expect(cached.entries).toBe(2);
    expect(cached.counts.all.eviction).toBe(1);
    const off = new CachedEmbedder(counting(), { maxEntries: 0 });
    await off.embed(['a'], { kind: 'question' });
    expect(off.entries).toBe(0);
  });
});
