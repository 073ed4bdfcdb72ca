import { describe, expect, test } from '@jest/globals';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { hashOf } from '../../activities/naming.ts';
import type { PageText } from '../../activities/ports/documents.ts';
import { createReadBookActivities, readChunks, readPage } from '../../activities/read-book.ts';
import { cancelledRecord } from '../../activities/records.ts';
import { MAX_READ_TEXT } from '../../workflows/book-contract.ts';
import { chunkOf, writeChunks } from '../helpers/artifact-records.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { runActivity } from '../helpers/run-activity.ts';
import { pipeline } from '../helpers/scanned-library.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import '../helpers/any-realm.ts';

const bookId = '6f2a1f4e-4f3c-5f51-8a0e-0d4a4c3f1a11';
const keys = {
  pages: `pages/${hashOf('pages')}`,
  chunks: `chunks/${hashOf('chunks')}`,
  vectors: `vectors/${hashOf('vectors')}`,
};
const pageOf = (index: number, text = `text of ${index}`): PageText => ({
  ...{ index, page: index + 1, section: ['One', `${index}`], text },
});
const chunks = [0, 1, 2, 3, 4].map((ordinal) =>
  chunkOf(ordinal, `chunk ${ordinal}`, { page: { start: ordinal, end: ordinal + 1 }, section: ['A'] }),
);

async function withBook(
  work: (
    ports: Parameters<typeof readPage>[0],
    catalog: MemoryCatalog,
    artifacts: FileArtifacts,
  ) => Promise<void>,
  { pages = [pageOf(0), pageOf(1), pageOf(2)], cut = chunks } = {},
): Promise<void> {
  await using folder = await tempFolder();
  const artifacts = new FileArtifacts(folder.path);
  const catalog = new MemoryCatalog();
  const book = { bookId, library: 'default', path: '/books/a.pdf', bytes: 1 };
  await catalog.put({
    ...{ ...cancelledRecord(book, undefined, 'w'), state: 'ingested', revision: 'r', artifacts: keys },
    ...{ pages: pages.length, chunks: cut.length },
  });
  await using writer = await artifacts.create(keys.pages, 'test', 'fresh');
  await writer.append(pages.map((page) => Buffer.from(JSON.stringify(page))));
  await writer.commit({});
  await writeChunks(artifacts, keys.chunks, cut);
  await work({ catalog, artifacts, pipeline }, catalog, artifacts);
}

describe('a page of a book', () => {
  test('is the one of that number, with its place', () =>
    withBook(async (ports) => {
      expect(await readPage(ports, bookId, 2)).toEqual({
        ...{ bookId, n: 2, of: 3, page: 2, section: ['One', '1'], text: 'text of 1' },
      });
    }));

  test.each([4, 1_000_000_000])('%d is not there', (n) =>
    withBook(async (ports) => {
      await expect(readPage(ports, bookId, n)).rejects.toMatchObject({
        ...{ code: 'PAGE_NOT_FOUND', message: expect.stringContaining('has 3 pages') },
      });
    }),
  );

  test('of a giant size is cut off', () =>
    withBook(
      async (ports) => {
        const { text } = await readPage(ports, bookId, 1);
        expect(text).toHaveLength(MAX_READ_TEXT);
        expect(text.endsWith('…')).toBe(true);
      },
      { pages: [pageOf(0, 'x'.repeat(MAX_READ_TEXT + 1))], cut: chunks },
    ));

  test('of no book is BOOK_NOT_FOUND; of one whose text was dropped, PAGE_NOT_FOUND', () =>
    withBook(async (ports, catalog, artifacts) => {
      await expect(readPage(ports, bookId.replace('6', '7'), 1)).rejects.toMatchObject({
        code: 'BOOK_NOT_FOUND',
      });
      await artifacts.remove(keys.pages);
      await expect(readPage(ports, bookId, 1)).rejects.toMatchObject({
        ...{ code: 'PAGE_NOT_FOUND', message: expect.stringContaining('dropped') },
      });
      const record = catalog.books.get(bookId);
      if (record) await catalog.put({ ...record, revision: null, artifacts: null });
      await expect(readPage(ports, bookId, 1)).rejects.toMatchObject({
        ...{ code: 'PAGE_NOT_FOUND', message: expect.stringContaining('never ingested') },
      });
    }));
});

describe('chunks of a book', () => {
  test('come from after an ordinal, with what to go on from', () =>
    withBook(async (ports) => {
      const first = await readChunks(ports, bookId, -1, 2);
      expect(first).toEqual({ chunks: chunks.slice(0, 2), next: 1 });
      expect(await readChunks(ports, bookId, 1, 3)).toEqual({ chunks: chunks.slice(2), next: null });
      expect(await readChunks(ports, bookId, -1, 100)).toEqual({ chunks, next: null });
      expect(await readChunks(ports, bookId, 4, 10)).toEqual({ chunks: [], next: null });
      expect(await readChunks(ports, bookId, 1_000_000, 10)).toEqual({ chunks: [], next: null });
    }));

  test('are fewer where they are large, and never none', () => {
    const large = [0, 1, 2].map((ordinal) => chunkOf(ordinal, 'x'.repeat(MAX_READ_TEXT * 0.6)));
    return withBook(
      async (ports) => {
        for (let after = -1; after < 2; after++) {
          const { chunks: found, next } = await readChunks(ports, bookId, after, 100);
          expect(found.map(({ ordinal }) => ordinal)).toEqual([after + 1]);
          expect(next).toBe(after + 1 < 2 ? after + 1 : null);
        }
      },
      { pages: [pageOf(0)], cut: large },
    );
  });
});

test('the activity reads what it is asked for, and fails with the code', () =>
  withBook(async (ports) => {
    const { readBookText } = createReadBookActivities(ports);
    const page = await runActivity(readBookText, { what: 'page', bookId, n: 1 } as const);
    expect(page.result).toMatchObject({ n: 1, text: 'text of 0' });
    const some = await runActivity(readBookText, { what: 'chunks', bookId, after: -1, limit: 1 } as const);
    expect(some.result).toMatchObject({ next: 0 });
    const { failure } = await runActivity(readBookText, { what: 'page', bookId, n: 9 } as const);
    expect(failure).toMatchObject({ type: 'PAGE_NOT_FOUND', nonRetryable: true });
  }));
