/** Changes of a library behind our back and on purpose: verify, repair, remove, gc and explain, by the built command. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import type { BookRecord, LibraryRecord } from '../../activities/ports/catalog.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { faultsIn } from '../chaos/kill-run.ts';
import { bookIdOf, bookPoints, closeStores, type Stores } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { eventually } from '../helpers/eventually.ts';
import { withFlippedBit } from '../helpers/flipped-bit.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const counts = z.object({ missing: z.number(), surplus: z.number(), stale: z.number(), foreign: z.number() });
const verified = z.object({
  books: z.number(),
  points: z.number(),
  artifacts: z.object({ read: z.number(), gone: z.number(), damaged: z.number() }),
  found: counts,
  faultyBooks: z.number(),
  mendedBooks: z.number(),
  busyBooks: z.number(),
  faults: z.array(
    counts.extend({
      bookId: z.string(),
      path: z.string().nullable(),
      points: z.array(z.object({ fault: z.string(), id: z.string() })),
      damagedArtifacts: z.array(z.string()),
      mended: z.boolean(),
      remedy: z.string().nullable(),
    }),
  ),
});
const fileCount = z.object({ files: z.number(), bytes: z.number() });
const collected = z.object({
  dropped: z.record(z.string(), fileCount),
  needed: fileCount,
  young: fileCount,
});
const step = z.object({ step: z.string(), attempts: z.number(), seconds: z.number(), outcome: z.string() });
const explained = z.object({
  kind: z.string(),
  library: z.string().optional(),
  book: z
    .object({
      bookId: z.string(),
      path: z.string(),
      sha256: z.string(),
      chunks: z.number(),
      points: z.number(),
    })
    .optional(),
  chunk: z
    .object({ chunkId: z.string(), ordinal: z.number(), text: z.string(), searchable: z.boolean() })
    .optional(),
  history: z.object({
    status: z.string(),
    steps: z.array(step).optional(),
    progress: z.object({ books: z.object({ total: z.number() }) }).optional(),
  }),
});

const NOTHING = { missing: 0, surplus: 0, stale: 0, foreign: 0 };

let home: TestHome;
let folder: string;
let library: LibraryRecord;
let books: readonly BookRecord[];

beforeAll(async () => {
  await buildSamples();
  home = await TestHome.create({ SCRIPTORIUM_LOG_LEVEL: 'debug' });
  folder = join(home.folder, 'books');
  await cp(booksFolder, folder, { recursive: true });
  expect((await home.run('ingest', folder)).code).toBe(0);
  await withStores(async ({ catalog }) => {
    // By name: ids change with the folder, and one of the tests makes the first text longer.
    const all = await catalog.list({ limit: 100 });
    books = [...all].sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}, 300_000);
afterAll(async () => await home[Symbol.asyncDispose](), 60_000);

/** The store as another process has it, while the stack is up. */
async function withStores(work: (stores: Stores) => Promise<void>): Promise<void> {
  const opener = await openLanceStores({ folder: home.paths.store, embedderId: 'any', dimensions: 384 });
  const [found] = await opener.catalog.listLibraries();
  await closeStores(opener);
  if (!found) throw new Error('there is no library');
  library = found;
  const stores = await openLanceStores({ folder: home.paths.store, ...library });
  await work(stores);
  await closeStores(stores);
}

async function verify(...args: string[]) {
  const { code, result } = await home.json('verify', ...args);
  return { code, ...verified.parse(result) };
}

async function embeddedBatches(): Promise<number> {
  return (await readFile(join(home.paths.logs, 'workers.log'), 'utf8')).split('"chunks embedded"').length - 1;
}

function bookAt(index: number): BookRecord & { revision: string } {
  const book = books[index];
  if (!book?.revision) throw new Error(`there is no book ${index}`);
  return { ...book, revision: book.revision };
}

/** The same row once more, as two processes that write at the same moment may leave it. */
async function addTwin(id: string): Promise<void> {
  const lance = await import('@lancedb/lancedb');
  const connection = await lance.connect(home.paths.store);
  const table = await connection.openTable(pointTableName(library.embedderId, library.dimensions));
  await table.add(await table.query().where(`id = '${id}'`).toArrow());
  table.close();
}

const ids = (
  { bookId, revision }: { bookId: string; revision: string },
  ordinals: readonly number[],
): string[] => ordinals.map((ordinal) => chunkIdOf(bookId, revision, ordinal));

describe('verify', () => {
  test('finds nothing wrong after an ingestion', async () => {
    const { code, books: count, points, artifacts, found, busyBooks } = await verify();
    expect({ code, found, busyBooks }).toEqual({ code: 0, found: NOTHING, busyBooks: 0 });
    expect(count).toBe(books.length);
    expect(points).toBe(books.reduce((sum, { chunks }) => sum + chunks, 0));
    expect(artifacts).toEqual({ read: 3 * books.length, gone: 0, damaged: 0 });
  }, 60_000);

  test('names every missing, surplus, stale and foreign point', async () => {
    const [torn, twin, old] = [bookAt(0), bookAt(1), bookAt(2)];
    const missing = ids(torn, [0, torn.chunks - 1]);
    const foreign = bookPoints(bookIdOf('nobody'), 'r1', 3, {}, library.dimensions);
    const stale = bookPoints(old.bookId, 'an old revision', 2, { path: old.path }, library.dimensions);
    const beyond = bookPoints(old.bookId, old.revision, 1, { ordinal: 1e6 }, library.dimensions);
    await withStores(async ({ store }) => {
      await store.deletePoints(torn.bookId, missing);
      await store.upsert([...foreign, ...stale, ...beyond]);
    });
    await addTwin(ids(twin, [1])[0] ?? '');
    const { code, found, faults, faultyBooks } = await verify();
    expect({ code, faultyBooks }).toEqual({ code: 3, faultyBooks: 4 });
    expect(found).toEqual({ missing: 2, surplus: 2, stale: 2, foreign: 3 });
    const named = (bookId: string): string[] =>
      faults
        .filter((fault) => fault.bookId === bookId)
        .flatMap(({ points }) => points.map(({ fault, id }) => `${fault} ${id}`))
        .sort();
    const all = (fault: string, of: readonly string[]): string[] => of.map((id) => `${fault} ${id}`);
    const idsOf = (points: readonly { id: string }[]): string[] => points.map(({ id }) => id);
    expect(named(torn.bookId)).toEqual(all('missing', missing).sort());
    expect(named(twin.bookId)).toEqual(all('surplus', ids(twin, [1])));
    expect(named(old.bookId)).toEqual(
      [...all('stale', idsOf(stale)), ...all('surplus', idsOf(beyond))].sort(),
    );
    expect(named(bookIdOf('nobody'))).toEqual(all('foreign', idsOf(foreign)).sort());
  }, 60_000);

  test('mends them all from the intermediate files, and embeds nothing', async () => {
    const batches = await embeddedBatches();
    expect(batches).toBeGreaterThan(0);
    const { code, found, faultyBooks, mendedBooks } = await verify('--repair');
    expect({ code, faultyBooks, mendedBooks }).toEqual({ code: 0, faultyBooks: 4, mendedBooks: 4 });
    expect(found).toEqual({ missing: 2, surplus: 2, stale: 2, foreign: 3 });
    expect(await embeddedBatches()).toBe(batches);
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING, faults: [] });
    expect(await faultsIn(home.paths.store)).toEqual([]);
  }, 60_000);

  test('sends a book back whose intermediate file is damaged; the next ingestion mends it', async () => {
    const torn = bookAt(3);
    const [kind = '', hash = ''] = torn.artifacts?.vectors.split('/') ?? [];
    const path = join(home.paths.artifacts, kind, hash.slice(0, 2), hash);
    await writeFile(path, withFlippedBit(await readFile(path), 4_000));
    await withStores(({ store }) => store.deletePoints(torn.bookId, ids(torn, [0])));
    const { code, faults } = await verify('--repair');
    expect(code).toBe(3);
    expect(faults).toMatchObject([
      { path: torn.path, missing: 1, damagedArtifacts: [torn.artifacts?.vectors], mended: false },
    ]);
    expect(faults[0]?.remedy).toContain('ingest');
    const { code: again, result } = await home.json('ingest', folder);
    expect({ again, result }).toMatchObject({ again: 0, result: { books: { ingested: 1, unchanged: 7 } } });
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING, artifacts: { gone: 0, damaged: 0 } });
  }, 120_000);

  test('says for people what is wrong, with the path of the book', async () => {
    const torn = bookAt(4);
    await withStores(({ store }) => store.deletePoints(torn.bookId, ids(torn, [0])));
    const wrong = await home.run('verify');
    expect(wrong.code).toBe(3);
    expect(wrong.stdout).toContain(torn.path);
    expect(wrong.stdout).toContain(`missing ${ids(torn, [0])[0]}`);
    const mended = await home.run('verify', '--repair', '--library', 'default');
    expect(mended.stdout).toContain('1 book mended');
    expect(mended.code).toBe(0);
  }, 60_000);

  test('refuses a library that there is not', async () => {
    const { code, stderr } = await home.run('verify', '--library', 'nowhere');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('LIBRARY_NOT_FOUND') });
  }, 30_000);
});

describe('explain', () => {
  async function explain(...args: string[]) {
    return explained.parse((await home.json('explain', ...args)).result);
  }

  test('says of a book, by id and by path, what it is made of and what each step took', async () => {
    const { bookId, path, sha256, chunks } = bookAt(0);
    const byId = await explain(bookId);
    expect(byId).toMatchObject({ kind: 'book', book: { bookId, path, sha256, chunks, points: chunks } });
    expect(byId.history.status).toBe('COMPLETED');
    const steps = byId.history.steps?.map(({ step: name }) => name);
    expect(steps).toEqual([
      'extractBook',
      'chunkBook',
      'embedBook',
      'upsertBook',
      'verifyBook',
      'commitBook',
    ]);
    expect(
      byId.history.steps?.every(({ attempts, outcome }) => attempts === 1 && outcome === 'completed'),
    ).toBe(true);
    expect((await explain(path)).book?.bookId).toBe(bookId);
  }, 60_000);

  test('says of a chunk its text, its place and its book', async () => {
    const book = bookAt(1);
    const [chunkId = ''] = ids(book, [2]);
    const { kind, chunk, book: of } = await explain(chunkId);
    expect({ kind, path: of?.path }).toEqual({ kind: 'chunk', path: book.path });
    expect(chunk).toMatchObject({ chunkId, ordinal: 2, searchable: true });
    expect(chunk?.text.length).toBeGreaterThan(20);
    const { stdout } = await home.run('explain', chunkId);
    expect(stdout).toContain(book.path);
    expect(stdout).toContain('embedBook');
  }, 60_000);

  test('says of a run where it stands', async () => {
    const run = await explain('ingest/default');
    expect(run).toMatchObject({ kind: 'run', library: 'default', history: { status: 'COMPLETED' } });
    expect(run.history.progress?.books.total).toBe(books.length);
    expect(await explain('default')).toMatchObject({ kind: 'run', library: 'default' });
  }, 60_000);

  test('fails for what is nothing', async () => {
    const { code, stderr } = await home.run('explain', bookIdOf('nobody'));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('BOOK_NOT_FOUND') });
  }, 30_000);
});

describe('while a run goes on', () => {
  test('nothing is repaired, removed or dropped, and nothing of it is taken for a fault', async () => {
    const book = books.find(({ path }) => path.endsWith('.txt'));
    if (!book) throw new Error('there is no text');
    await writeLongBook(book.path, 150);
    await home.run('ingest', folder, '--detach');
    await using client = await ScriptoriumClient.connect({ env: home.env });
    const run = client.run();
    await eventually(async () => (await run.progress()).running.length > 0);
    for (const args of [['verify', '--repair'], ['gc'], ['remove', book.bookId]])
      expect(await home.run(...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('RUN_IN_PROGRESS'),
      });
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING });
    expect((await run.progress()).running).toHaveLength(1);
    expect((await run.result()).books).toMatchObject({ ingested: 1, failed: 0 });
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING });
  }, 240_000);
});

describe('remove', () => {
  test('takes a book out of searches and listings', async () => {
    const gone = bookAt(5);
    const { code, result } = await home.json('remove', gone.path);
    expect({ code, result }).toEqual({
      code: 0,
      result: expect.objectContaining({ bookId: gone.bookId, path: gone.path, points: gone.chunks }),
    });
    const found = z.object({ hits: z.array(z.object({ path: z.string() })) });
    const { hits } = found.parse((await home.json('search', gone.title ?? '', '--top-k', '100')).result);
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.filter(({ path }) => path === gone.path)).toEqual([]);
    const listed = z.object({ books: z.array(z.object({ bookId: z.string() })) });
    const { books: rest } = listed.parse((await home.json('books')).result);
    expect(rest).toHaveLength(books.length - 1);
    expect(rest.map(({ bookId }) => bookId)).not.toContain(gone.bookId);
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING });
  }, 60_000);

  test('says so when there is no such book', async () => {
    const { code, stderr } = await home.run('remove', bookAt(5).bookId);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('BOOK_NOT_FOUND') });
  }, 30_000);
});

describe('gc', () => {
  async function collect(...args: string[]) {
    return collected.parse((await home.json('gc', ...args)).result);
  }

  test('keeps what was written in the last day, and what books need', async () => {
    const { dropped, needed, young } = await collect();
    expect(dropped).toEqual({});
    expect(needed.files).toBe(3 * (books.length - 1));
    // Of the removed book, of the one that was replaced, and the lists of three runs.
    expect(young.files).toBe(3 + 3 + 3);
  }, 30_000);

  test('says first what it would drop, and drops exactly that', async () => {
    const planned = await collect('--grace', '0', '--dry-run');
    expect(Object.keys(planned.dropped).sort()).toEqual(['chunks', 'manifests', 'pages', 'vectors']);
    expect((await collect('--grace', '0')).dropped).toEqual(planned.dropped);
    expect((await collect('--grace', '0')).dropped).toEqual({});
    expect(await verify()).toMatchObject({ code: 0, found: NOTHING, artifacts: { gone: 0, damaged: 0 } });
  }, 60_000);
});
