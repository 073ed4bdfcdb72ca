/** A search over a real LanceDB: only committed revisions, of the model that is configured, and a bounded amount of work. */
import { describe, expect, test } from '@jest/globals';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { createRetrieveActivities, type RetrieveInput } from '../../activities/retrieve.ts';
import {
  bookIdOf,
  bookPoints,
  closeStores,
  DIMENSIONS,
  record,
  type Stores,
  unitVector,
  upsertAll,
} from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf, runActivity } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const embedder: Embedder = {
  ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
  embed: async (texts) => texts.map((text) => unitVector(text)),
  [Symbol.asyncDispose]: async () => {},
};

const activities = (stores: Stores, id = 'model') =>
  createRetrieveActivities({ ...stores, embedder: { ...embedder, id } });
const question: RetrieveInput = { query: 'Who lit the lamp?', topK: 5 };

/** Points of a revision that are all nearer to the question than those of a lower rank. */
function pointsOf(name: string, revision: string, count: number, rank: number): StoredPoint[] {
  const [target, other] = [unitVector(question.query), unitVector('something else')];
  const vector = target.map((value, index) => value + (other[index] ?? 0) / (1 + 2 * rank));
  const norm = Math.hypot(...vector);
  const unit = vector.map((value) => value / norm);
  return bookPoints(bookIdOf(name), revision, count, { vector: unit }).map((point, n) => ({
    ...point,
    ...{ text: textOf(name, revision, n), ordinal: 2 * n },
  }));
}

/** No two share three words in a row, so that none is taken for another. */
function textOf(name: string, revision: string, n: number): string {
  return `${name} ${revision} x${n}a x${n}b x${n}c x${n}d`;
}

async function foundIn(stores: Stores): Promise<string[]> {
  const { hits } = await resultOf(activities(stores).search, question);
  return hits.map(({ text }) => text.split(' ').slice(0, 2).join(' '));
}

async function withStores(run: (stores: Stores) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  const stores = await openLanceStores({ folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS });
  await stores.catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  try {
    await run(stores);
  } finally {
    await closeStores(stores);
  }
}

test('what is around the hits is left out where it would not pass through Temporal', async () => {
  await withStores(async (stores) => {
    await stores.catalog.put(record('alice', { revision: 'r1' }));
    const long = pointsOf('alice', 'r1', 200, 1).map((point, ordinal) => ({
      ...point,
      ...{ ordinal, text: `${point.text} ${`word${ordinal} `.repeat(3_000)}` },
    }));
    await upsertAll(stores.store, long);
    const { hits } = await resultOf(activities(stores).search, { ...question, topK: 40, neighbours: 3 });
    expect(JSON.stringify(hits).length).toBeLessThan(1_500_000);
    expect(hits.length).toBeGreaterThan(10);
    const few = await resultOf(activities(stores).search, { ...question, topK: 1, neighbours: 3 });
    expect(few.hits[0]?.text.length).toBeGreaterThan(50_000);
  });
});

describe('invariant 2: a search', () => {
  test('gives nothing of a revision that is half-written, stale or foreign, however near', async () => {
    await withStores(async (stores) => {
      await stores.catalog.put(record('alice', { revision: 'r1' }));
      await upsertAll(stores.store, pointsOf('alice', 'r1', 8, 1));
      expect(await foundIn(stores)).toEqual(Array(5).fill('alice r1'));
      await upsertAll(stores.store, pointsOf('alice', 'r2', 40, 3));
      await upsertAll(stores.store, pointsOf('nobody', 'r9', 40, 4));
      expect(await foundIn(stores)).toEqual(Array(5).fill('alice r1'));
    });
  });

  test('gives the new revision from its commit on, before the stale one is dropped', async () => {
    await withStores(async (stores) => {
      await upsertAll(stores.store, pointsOf('alice', 'r1', 40, 3));
      await upsertAll(stores.store, pointsOf('alice', 'r2', 8, 1));
      await stores.catalog.put(record('alice', { revision: 'r2' }));
      expect(await foundIn(stores)).toEqual(Array(5).fill('alice r2'));
      await stores.store.deleteStale(bookIdOf('alice'), 'r2');
      expect(await foundIn(stores)).toEqual(Array(5).fill('alice r2'));
    });
  });

  test('gives nothing of a book that failed before it was ever committed, or was removed', async () => {
    await withStores(async (stores) => {
      await upsertAll(stores.store, pointsOf('alice', 'r1', 8, 1));
      await stores.catalog.put(record('alice', { revision: null, state: 'failed' }));
      const { failure } = await runActivity(activities(stores).search, question);
      expect(failure).toMatchObject({ type: 'LIBRARY_EMPTY' });
      await stores.catalog.put(record('alice', { revision: 'r1' }));
      expect(await foundIn(stores)).toHaveLength(5);
      await stores.catalog.put(record('bob', { revision: 'r1' }));
      await stores.catalog.remove([bookIdOf('alice')]);
      expect(await foundIn(stores)).toEqual([]);
    });
  });
});

describe('rankings that one book fills', () => {
  const bothBooks = async (stores: Stores, many: readonly StoredPoint[]): Promise<void> => {
    await stores.catalog.put(record('many', { revision: 'r1' }));
    await stores.catalog.put(record('alice', { revision: 'r1' }));
    await upsertAll(stores.store, many);
    await upsertAll(stores.store, pointsOf('alice', 'r1', 2, 1));
  };

  test('are searched deeper when a book may give few passages', async () => {
    await withStores(async (stores) => {
      await bothBooks(stores, pointsOf('many', 'r1', 120, 3));
      const { hits } = await resultOf(activities(stores).search, { ...question, perBook: 1 });
      expect(hits.map(({ bookId }) => bookId)).toEqual([bookIdOf('many'), bookIdOf('alice')]);
    });
  });

  test('are searched deeper when they say the same again and again', async () => {
    await withStores(async (stores) => {
      const [first] = pointsOf('many', 'r1', 1, 3);
      const same = pointsOf('many', 'r1', 120, 3).map((point) => ({ ...point, text: first?.text ?? '' }));
      await bothBooks(stores, same);
      expect(await foundIn(stores)).toEqual(['many r1', 'alice r1', 'alice r1']);
    });
  });

  test('are searched once, and the question embedded once, when there is enough, or no more can be wanted', async () => {
    const asked: number[] = [];
    const embedded: string[] = [];
    const catalog = new MemoryCatalog();
    await catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
    await catalog.put(record('many', { revision: 'r1' }));
    const store = new MemoryVectorStore();
    await store.upsert(pointsOf('many', 'r1', 500, 3));
    const inner = store.search.bind(store);
    store.search = async (vector, filter, limit) => {
      asked.push(limit);
      return await inner(vector, filter, limit);
    };
    const counting: Embedder = {
      ...embedder,
      embed: async (texts, options) => {
        embedded.push(...texts);
        return await embedder.embed(texts, options);
      },
    };
    const { search } = createRetrieveActivities({ catalog, store, embedder: counting });
    await resultOf(search, question);
    await resultOf(search, { ...question, perBook: 2, filters: { book: bookIdOf('many') } });
    expect(asked).toEqual([45, 45]);
    await resultOf(search, { ...question, perBook: 2 });
    expect(asked).toEqual([45, 45, 45, 450]);
    expect(embedded).toHaveLength(3);
  });
});

describe('several libraries', () => {
  test('are searched, and no other; one that is not there yet does no harm', async () => {
    await withStores(async (stores) => {
      for (const library of ['law', 'sea', 'art']) {
        await stores.catalog.putLibrary({ library, embedderId: 'model', dimensions: DIMENSIONS });
        await stores.catalog.put(record(library, { library, revision: 'r1' }));
        const points = pointsOf(library, 'r1', 1, 1).map((point) => ({ ...point, library }));
        await upsertAll(stores.store, points);
      }
      const search = (libraries: readonly string[], library?: string) =>
        runActivity(activities(stores).search, { ...question, libraries, library });
      const { result } = await search(['art', 'new', 'sea']);
      expect(result?.hits.map(({ bookId }) => bookId).sort()).toEqual(
        [bookIdOf('art'), bookIdOf('sea')].sort(),
      );
      expect((await search(['art', 'sea'], 'law')).result?.hits).toEqual([]);
      expect((await search(['new'])).failure).toMatchObject({ type: 'LIBRARY_NOT_FOUND' });
    });
  });
});

describe('a library whose first run has just begun', () => {
  const search = async (stores: Stores, changes: Partial<RetrieveInput> = {}) =>
    await runActivity(activities(stores).search, { ...question, ...changes });

  test.each<Partial<RetrieveInput>>([{}, { library: 'default' }, { libraries: ['default', 'new'] }])(
    'says that nothing of it can be searched yet, and what to look at (%j)',
    async (asked) => {
      await withStores(async (stores) => {
        const { failure } = await search(stores, asked);
        expect(failure).toMatchObject({ type: 'LIBRARY_EMPTY', nonRetryable: true });
        expect(failure?.message).toMatch(
          /^No book of the librar.* can be searched yet\..*scriptorium status/,
        );
        await stores.catalog.put(record('alice', { revision: null, state: 'failed' }));
        expect((await search(stores, asked)).failure).toMatchObject({ type: 'LIBRARY_EMPTY' });
      });
    },
  );

  test('finds nothing, without a fault, where a book is committed that does not fit', async () => {
    await withStores(async (stores) => {
      // Its last ingestion failed; what was committed before stays.
      await stores.catalog.put(record('alice', { revision: 'r1', state: 'failed' }));
      await upsertAll(stores.store, pointsOf('alice', 'r1', 8, 1));
      const { result } = await search(stores, { filters: { title: 'Another' } });
      expect(result?.hits).toEqual([]);
      await stores.catalog.putLibrary({ library: 'sea', embedderId: 'model', dimensions: DIMENSIONS });
      expect((await search(stores, { library: 'sea' })).failure).toMatchObject({ type: 'LIBRARY_EMPTY' });
    });
  });
});

describe('vectors of another model', () => {
  test.each([undefined, 'default'])('are never searched (library: %s)', async (library) => {
    await withStores(async (stores) => {
      await stores.catalog.put(record('alice', { revision: 'r1' }));
      await upsertAll(stores.store, pointsOf('alice', 'r1', 8, 1));
      const { failure } = await runActivity(activities(stores, 'other').search, { ...question, library });
      expect(failure).toMatchObject({ type: 'MODEL_MISMATCH', nonRetryable: true });
      expect(failure?.message).toMatch(/default was embedded with model, and other is configured/);
    });
  });
});

test('a search among a multitude of stale passages fetches a bounded number of them', async () => {
  const asked: number[] = [];
  const catalog = new MemoryCatalog();
  await catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  await catalog.put(record('alice', { revision: 'r1' }));
  const [stale] = pointsOf('nobody', 'r1', 1, 1);
  if (!stale) throw new Error('there is no point');
  const store = new MemoryVectorStore();
  store.search = async (_vector, _filter, limit) => {
    asked.push(limit);
    return Array.from({ length: limit }, () => ({ ...stale, score: 1 }));
  };
  expect(await foundIn({ catalog, store })).toEqual([]);
  expect(Math.max(...asked)).toBeLessThanOrEqual(4_096);
  expect(asked.length).toBeLessThan(15);
});
