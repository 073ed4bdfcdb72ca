/** Upsert and commit: what is refused is named, what was acknowledged is not written again, and the count decides. */
import { describe, expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { hashOf } from '../../activities/naming.ts';
import { vectorsKeyOf } from '../../activities/pipeline.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { createStoreActivities, type StoredBook } from '../../activities/store.ts';
import { bookIdOf, bookPoints, record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { chunkOf, writeChunks, writeVectors } from '../helpers/artifact-records.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf, runActivity } from '../helpers/run-activity.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const CHUNKS = 20;
const BOOK = bookIdOf('a');

const book: StoredBook = {
  ...{ library: 'default', bookId: BOOK, path: '/books/a.pdf', revision: 'r2', chunks: CHUNKS },
  ...{
    chunksKey: `chunks/${hashOf('c')}`,
    vectorsKey: vectorsKeyOf(`chunks/${hashOf('c')}`, { embedderId: 'model' }),
    pagesKey: 'pages/p',
  },
  ...{ sha256: 'ab', pipeline: 'p', bytes: 9, mtimeMs: 1, pages: 3, format: 'pdf', title: 'A' },
  ...{ author: null, language: null, year: null },
};

/** A book of twenty chunks, a store that takes eight at a time, and the activities over them. */
async function shelf() {
  const folder = await tempFolder();
  const artifacts = new FileArtifacts(folder.path);
  const chunks = Array.from({ length: CHUNKS }, (_, n) =>
    chunkOf(n, `Passage ${n}.`, n < 10 ? { page: { start: n, end: n } } : { section: ['Part', 'Chapter'] }),
  );
  await writeChunks(artifacts, book.chunksKey, chunks);
  await writeVectors(
    artifacts,
    book.vectorsKey,
    chunks.map(({ ordinal }) => Float32Array.of(ordinal, 1)),
  );
  const store = new MemoryVectorStore(8);
  const catalog = new MemoryCatalog();
  const pipeline = { embedderId: 'model' };
  const activities = createStoreActivities({
    ...{ store, catalog, artifacts, pipeline },
    limits: { maxOutageMs: 1e9 },
  });
  return {
    store,
    catalog,
    activities,
    [Symbol.asyncDispose]: async () => await folder[Symbol.asyncDispose](),
  };
}

const refusing =
  (isBad: (point: StoredPoint) => boolean, reason = 'that text is not welcome') =>
  (points: readonly StoredPoint[]): void => {
    if (points.some(isBad)) throw new ScriptoriumError('STORE_REJECTED', reason);
  };

test('vectors of a worker with another model are not written, however many numbers they have', async () => {
  await using given = await shelf();
  const vectorsKey = vectorsKeyOf(book.chunksKey, { embedderId: 'other' });
  const { failure } = await runActivity(given.activities.upsertBook, { ...book, vectorsKey });
  expect(failure).toMatchObject({ type: 'MODEL_MISMATCH', nonRetryable: true });
  expect(given.store.upserts).toEqual([]);
});

describe('a batch that is refused', () => {
  test.each([
    [0, 'chunk 0 (page 0)'],
    [6, 'chunk 6 (page 6)'],
    [7, 'chunk 7 (page 7)'],
    [13, 'chunk 13 (section Part › Chapter)'],
    [19, 'chunk 19 (section Part › Chapter)'],
  ])(
    'because of chunk %d is halved until that is found, and its place and the reason named',
    async (bad, said) => {
      await using given = await shelf();
      given.store.refuse = refusing(({ ordinal }) => ordinal === bad);
      const { failure } = await runActivity(given.activities.upsertBook, book);
      expect(failure).toMatchObject({ type: 'STORE_REJECTED', nonRetryable: true });
      expect(failure?.message).toContain(`/books/a.pdf, ${said}: that text is not welcome`);
      expect(given.store.upserts.length).toBeLessThan(3 + 2 * Math.log2(8) + 2);
    },
  );

  test('only because it is too large is written in parts', async () => {
    await using given = await shelf();
    given.store.refuse = (points) => {
      if (points.length > 3) throw new ScriptoriumError('STORE_REJECTED', 'payload too large');
    };
    expect(await resultOf(given.activities.upsertBook, book)).toEqual({ points: CHUNKS });
    expect(await given.store.count(BOOK, 'r2')).toBe(CHUNKS);
  });

  test('whatever is in it is no chunk’s fault', async () => {
    await using given = await shelf();
    given.store.refuse = refusing(() => true, 'Must provide an API key');
    const { failure } = await runActivity(given.activities.upsertBook, book);
    expect(failure?.message).toMatch(/^Must provide an API key\. /);
  });

  test('by a store that goes out of service meanwhile is an outage', async () => {
    await using given = await shelf();
    given.store.refuse = (points) => {
      if (points.length > 4) throw new ScriptoriumError('STORE_REJECTED', 'no');
      throw new ScriptoriumError('STORE_UNREACHABLE', 'gone');
    };
    const { failure } = await runActivity(given.activities.upsertBook, book);
    expect(failure).toMatchObject({ type: 'STORE_UNREACHABLE', nonRetryable: false });
  });
});

test('a worker with another model than the library has writes nothing into it', async () => {
  await using given = await shelf();
  await given.catalog.putLibrary({ library: 'default', embedderId: 'former', dimensions: 2 });
  const { failure } = await runActivity(given.activities.upsertBook, book);
  expect(failure).toMatchObject({ type: 'WORKER_MODEL_MISMATCH', nonRetryable: false });
  expect(given.store.upserts).toEqual([]);
  await given.catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: 2 });
  expect(await resultOf(given.activities.upsertBook, book)).toEqual({ points: CHUNKS });
});

test('nor does it count, commit or drop what it cannot see', async () => {
  await using given = await shelf();
  await given.catalog.putLibrary({ library: 'default', embedderId: 'former', dimensions: 2 });
  const { verifyBook, commitBook, dropStale, dropRevision } = given.activities;
  const revision = { library: 'default', bookId: BOOK, revision: 'r2' };
  const failures = [
    await runActivity(verifyBook, revision),
    await runActivity(commitBook, book),
    await runActivity(dropStale, revision),
    await runActivity(dropRevision, revision),
  ].map(({ failure }) => failure?.type);
  expect(failures).toEqual(Array(4).fill('WORKER_MODEL_MISMATCH'));
  expect(given.catalog.books.size).toBe(0);
});

test('a step that was frozen while a later ingestion was done drops nothing of that one', async () => {
  await using given = await shelf();
  await given.store.upsert(bookPoints(BOOK, 'r3', 3));
  await given.catalog.put(record('book', { bookId: BOOK, revision: 'r3' }));
  const late = { library: 'default', bookId: BOOK, revision: 'r2' };
  expect(await resultOf(given.activities.dropStale, late)).toEqual({ dropped: 0 });
  expect(await given.store.count(BOOK, 'r3')).toBe(3);
  await given.store.upsert(bookPoints(BOOK, 'r2', 2));
  expect(await resultOf(given.activities.dropStale, { ...late, revision: 'r3' })).toEqual({ dropped: 2 });
});

describe('a second try', () => {
  test('goes on behind the last batch that was acknowledged', async () => {
    await using given = await shelf();
    given.store.refuse = (points) => {
      if (points[0]?.ordinal === 16) throw new ScriptoriumError('STORE_UNREACHABLE', 'gone');
    };
    const first = await runActivity(given.activities.upsertBook, book);
    expect(first.failure).toBeDefined();
    given.store.refuse = () => {};
    given.store.upserts.splice(0);
    const info = { attempt: 2, heartbeatDetails: first.beats.at(-1) };
    expect(await resultOf(given.activities.upsertBook, book, info)).toEqual({ points: CHUNKS });
    expect(given.store.upserts).toEqual([[16, 17, 18, 19]]);
    expect(await given.store.count(BOOK, 'r2')).toBe(CHUNKS);
  });

  test('writes all again where no heartbeat tells of the first', async () => {
    await using given = await shelf();
    await resultOf(given.activities.upsertBook, book, { attempt: 2 });
    expect(given.store.upserts.flat()).toHaveLength(CHUNKS);
  });
});

describe('a commit', () => {
  test('puts the book into the catalog when the store holds every chunk', async () => {
    await using given = await shelf();
    await resultOf(given.activities.upsertBook, book);
    await runActivity(given.activities.commitBook, book);
    expect(given.catalog.books.get(BOOK)).toMatchObject({
      state: 'ingested',
      revision: 'r2',
      chunks: CHUNKS,
    });
  });

  test.each([
    ['a former revision stays', record('a', { bookId: BOOK, revision: 'r1' })],
    ['no record stays', undefined],
  ])('that finds a chunk gone is taken back: %s', async (_, before) => {
    await using given = await shelf();
    if (before) await given.catalog.put(before);
    await resultOf(given.activities.upsertBook, book);
    given.store.points.delete([...given.store.points.keys()][3] ?? '');
    const { failure } = await runActivity(given.activities.commitBook, book);
    expect(failure).toMatchObject({ type: 'COUNT_MISMATCH', nonRetryable: false });
    expect(failure?.message).toContain('19 points of 20 chunks');
    expect(given.catalog.books.get(BOOK)).toEqual(before);
  });
});

describe('what spares the store a look', () => {
  const fresh: StoredBook = { ...book, isNew: true };

  test('a new book is said to be new in its first attempt, for some seconds', async () => {
    await using given = await shelf();
    await resultOf(given.activities.upsertBook, fresh);
    expect(given.store.newUntilMs.length).toBeGreaterThan(0);
    for (const until of given.store.newUntilMs) {
      expect(until).toBeGreaterThan(Date.now());
      expect(until).toBeLessThan(Date.now() + 15_000);
    }
  });

  test.each([
    ['in a later attempt', fresh, 2],
    ['if the catalog knew it', book, 1],
  ])('and never %s', async (_, given, attempt) => {
    await using on = await shelf();
    await resultOf(on.activities.upsertBook, given, { attempt });
    expect(new Set(on.store.newUntilMs)).toEqual(new Set([undefined]));
  });

  test('nor are the halves of a batch that was refused: some of it may have been written', async () => {
    await using given = await shelf();
    given.store.refuse = (points) => {
      if (points.length > 4) throw new ScriptoriumError('STORE_REJECTED', 'payload too large');
    };
    await resultOf(given.activities.upsertBook, fresh);
    const said = given.store.upserts.filter((_, at) => given.store.newUntilMs[at] !== undefined);
    expect(said.filter(({ length }) => length < 8)).toEqual([[16, 17, 18, 19]]);
  });

  test('a count is good for some seconds: an older one, or one from the future, is made again', async () => {
    await using given = await shelf();
    const counted = (countedAtMs: number) =>
      runActivity(given.activities.commitBook, { ...book, countedAtMs });
    // The store holds nothing of the book, so whoever counts says so.
    expect((await counted(Date.now() - 60_000)).failure).toMatchObject({ type: 'COUNT_MISMATCH' });
    expect((await counted(Date.now() + 60_000)).failure).toMatchObject({ type: 'COUNT_MISMATCH' });
    expect((await counted(Date.now())).failure).toBeUndefined();
  });
});
