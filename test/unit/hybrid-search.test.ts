/** A whole search over a real LanceDB: by meaning and words, filtered, few of a book, with its neighbours. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import {
  createRetrieveActivities,
  type RetrieveInput,
  type RetrievePorts,
  search,
} from '../../activities/retrieve.ts';
import {
  bookIdOf,
  bookPoints,
  closeStores,
  DIMENSIONS,
  record,
  type Stores,
  unitVector,
} from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

type TempFolder = Awaited<ReturnType<typeof tempFolder>>;

let folder: TempFolder;
let stores: Stores;

const embedder = {
  ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
  embed: async (texts: readonly string[]) => texts.map((text) => unitVector(text)),
  [Symbol.asyncDispose]: async () => {},
};
const find = async (input: Partial<RetrieveInput>, ports: Partial<RetrievePorts> = {}) =>
  await search({ ...stores, embedder, ...ports }, { query: 'zeppelin', topK: 5, neighbours: 0, ...input });

/** Chunks of a book, each with words of its own; `texts` replaces some. */
function book(
  name: string,
  texts: Readonly<Record<number, string>>,
  changes: Partial<StoredPoint>,
): StoredPoint[] {
  const bookId = bookIdOf(name);
  return bookPoints(bookId, 'r1', 8, changes).map((point) => ({
    ...point,
    id: chunkIdOf(bookId, 'r1', point.ordinal),
    text: texts[point.ordinal] ?? [1, 2, 3, 4].map((n) => `${name}${point.ordinal}w${n}`).join(' '),
  }));
}

beforeAll(async () => {
  folder = await tempFolder();
  stores = await openLanceStores({ folder: folder.path, embedderId: 'model', dimensions: DIMENSIONS });
  await stores.catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  await stores.catalog.put(record('alice'));
  await stores.catalog.put(record('bob'));
  await stores.store.upsert(book('alice', { 4: 'The zeppelin rose over the lake.' }, { year: 1900 }));
  await stores.store.upsert(
    book('bob', { 1: 'A zeppelin is an airship.', 5: 'Zeppelin was a count.' }, { year: 1950 }),
  );
  // Never committed: it must not be found by its words either.
  await stores.store.upsert(book('nobody', { 0: 'zeppelin zeppelin zeppelin' }, {}));
});

afterAll(async () => {
  await closeStores(stores);
  await folder[Symbol.asyncDispose]();
});

describe('a search', () => {
  test('finds by words what is not near, and tells that it has no similarity', async () => {
    const { hits } = await find({ mode: 'lexical' });
    expect(hits.map(({ bookId }) => bookId).sort()).toEqual(
      [bookIdOf('alice'), bookIdOf('bob'), bookIdOf('bob')].sort(),
    );
    for (const { similarity, text } of hits) {
      expect(similarity).toBeNull();
      expect(text.toLowerCase()).toContain('zeppelin');
    }
  });

  test('invariant 2 holds for words: nothing of a book that was never committed', async () => {
    for (const mode of ['lexical', 'hybrid', 'dense'] as const) {
      const { hits } = await find({ mode, topK: 100 });
      expect(hits.map(({ bookId }) => bookId)).not.toContain(bookIdOf('nobody'));
    }
  });

  test('by meaning and words has what both find first, with scores that fall from at most 1', async () => {
    const [target] = book('alice', {}, {});
    const { hits } = await find(
      { topK: 10 },
      { embedder: { ...embedder, embed: async () => [target?.vector ?? new Float32Array()] } },
    );
    const scores = hits.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(scores[0]).toBeLessThanOrEqual(1);
    expect(hits.slice(0, 4).filter(({ text }) => /zeppelin/i.test(text)).length).toBeGreaterThanOrEqual(2);
  });

  test('keeps to its filters and to the number of hits of a book', async () => {
    const early = await find({ filters: { years: { to: 1920 } }, topK: 20 });
    expect(new Set(early.hits.map(({ bookId }) => bookId))).toEqual(new Set([bookIdOf('alice')]));
    const single = await find({ perBook: 1, topK: 20 });
    expect(single.hits).toHaveLength(2);
    const one = await find({ filters: { book: bookIdOf('bob') }, topK: 20 });
    expect(new Set(one.hits.map(({ bookId }) => bookId))).toEqual(new Set([bookIdOf('bob')]));
  });

  test('joins the neighbours that are asked for, as far as the book has them', async () => {
    const at = async (neighbours: number, text: string) =>
      (await find({ mode: 'lexical', query: text, neighbours })).hits[0];
    const whole = await at(1, 'lake');
    expect(whole?.text).toBe(
      'alice3w1 alice3w2 alice3w3 alice3w4\nThe zeppelin rose over the lake.\nalice5w1 alice5w2 alice5w3 alice5w4',
    );
    expect(whole?.page).toEqual({ start: 4, end: 7 });
    expect(whole?.chunkId).toBe(chunkIdOf(bookIdOf('alice'), 'r1', 4));
    expect(whole?.chunkIds).toEqual([3, 4, 5].map((n) => chunkIdOf(bookIdOf('alice'), 'r1', n)));
    expect((await at(3, 'airship'))?.chunkIds).toEqual(
      [0, 1, 2, 3, 4].map((n) => chunkIdOf(bookIdOf('bob'), 'r1', n)),
    );
  });

  test('gives no chunk twice: what stands between two hits goes to the better one', async () => {
    const { hits } = await find({ mode: 'lexical', neighbours: 2, filters: { book: bookIdOf('bob') } });
    expect(hits).toHaveLength(2);
    const chunks = hits.flatMap(({ chunkIds = [] }) => chunkIds);
    expect(new Set(chunks).size).toBe(chunks.length);
    expect(chunks.length).toBeGreaterThan(6);
  });

  test('joins one neighbour on either side unless told otherwise; an answer is given the hits alone', async () => {
    const input = { query: 'lake', topK: 1, mode: 'lexical' } as const;
    const ports = { ...stores, embedder };
    expect((await search(ports, input)).hits[0]?.chunkIds).toHaveLength(3);
    const { retrieve } = createRetrieveActivities(ports);
    expect((await resultOf(retrieve, input)).hits[0]?.chunkIds).toHaveLength(1);
  });

  test('for an answer tells whether it would find others in a minute', async () => {
    const reranker = (fails: boolean) => ({
      name: 'in the given order',
      rerank: async (_: string, texts: readonly string[]) => {
        if (fails) throw new ScriptoriumError('RERANK_FAILED', 'It is away');
        return texts.map((_text, at) => -at);
      },
    });
    const found = async (ports: Partial<RetrievePorts>) => {
      const { retrieve } = createRetrieveActivities({ ...stores, embedder, ...ports });
      return (await resultOf(retrieve, { query: 'zeppelin', topK: 5 })).isProvisional ?? false;
    };
    expect(await found({ reranker: reranker(false) })).toBe(false);
    expect(await found({ reranker: reranker(true) })).toBe(true);
    using searchText = jest.spyOn(stores.store, 'searchText');
    searchText.mockImplementationOnce(async (_text, _filter, _limit, options) => {
      options?.onLeftOut?.();
      return [];
    });
    expect(await found({})).toBe(true);
    expect(await found({})).toBe(false);
  });

  test('tells the time of each stage, and lets each be observed', async () => {
    const seen: string[] = [];
    const { timings } = await find(
      { neighbours: 1 },
      {
        observe: async (stage, work) => {
          seen.push(stage);
          return await work();
        },
      },
    );
    expect(Object.keys(timings).sort()).toEqual([
      'catalog',
      'dense',
      'embed',
      'fuse',
      'lexical',
      'neighbours',
    ]);
    expect(seen.sort()).toEqual(Object.keys(timings).sort());
    expect(Object.values(timings).every((ms) => ms >= 0)).toBe(true);
  });

  test('a reranker has the last word on the best', async () => {
    const reranker = {
      name: 'by length',
      rerank: async (_: string, texts: readonly string[]) => texts.map((text) => -text.length),
    };
    const { hits, timings } = await find({ mode: 'lexical' }, { reranker });
    expect(hits[0]?.text).toBe('Zeppelin was a count.');
    expect(timings).toHaveProperty('rerank');
  });
});
