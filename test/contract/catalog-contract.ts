import { describe, expect, test } from '@jest/globals';
import type { BookQuery, BookRecord } from '../../activities/ports/catalog.ts';
import { freshStores } from './fresh-stores.ts';
import { AWKWARD_TEXTS, type Backing, bookIdOf, closeStores, record } from './store-fixtures.ts';

/** What every catalog promises. `start` gives a new, empty backing. */
export function catalogContract(name: string, start: () => Promise<Backing>): void {
  describe(`${name} as a catalog`, () => {
    const given = freshStores(start);

    const all = async (query: Partial<BookQuery> = {}): Promise<readonly BookRecord[]> =>
      await given.stores.catalog.list({ limit: 1_000, ...query });

    test('a record comes back as it was put', async () => {
      const failure = { stage: 'extract', code: 'NO_TEXT', message: 'A scan.', attempts: 1 };
      const records = [
        record('good'),
        record('damaged', { unreadable: 3 }),
        record('bad', { state: 'failed', failure, revision: null, sha256: null, title: null, format: null }),
      ];
      for (const one of records) await given.stores.catalog.put(one);
      const found = await given.stores.catalog.get(records.map(({ bookId }) => bookId));
      expect(found).toEqual(new Map(records.map((one) => [one.bookId, one])));
    });

    test('the epoch is another one after every record that was put or removed, by whatever instance', async () => {
      const other = await given.backing.open();
      const seen = [await given.stores.catalog.epoch()];
      for (const one of [given.stores, other, given.stores]) {
        await one.catalog.put(record('book', { updatedAtMs: seen.length }));
        seen.push(await given.stores.catalog.epoch());
        expect(await other.catalog.epoch()).toBe(seen.at(-1));
      }
      await other.catalog.remove([bookIdOf('book')]);
      seen.push(await given.stores.catalog.epoch());
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      await closeStores(other);
    });

    test('unknown books are left out', async () => {
      await given.stores.catalog.put(record('one'));
      const found = await given.stores.catalog.get([bookIdOf('one'), bookIdOf('two'), 'no uuid']);
      expect([...found.keys()]).toEqual([bookIdOf('one')]);
      expect(await given.stores.catalog.get([])).toEqual(new Map());
    });

    test('a record put again replaces the one before', async () => {
      await given.stores.catalog.put(record('one', { chunks: 1 }));
      await given.stores.catalog.put(record('one', { chunks: 2, state: 'cancelled' }));
      expect(await all()).toEqual([record('one', { chunks: 2, state: 'cancelled' })]);
    });

    test('the same book from several callers at once is there once', async () => {
      await Promise.all([1, 2, 3, 4, 5].map((chunks) => given.stores.catalog.put(record('one', { chunks }))));
      expect(await all()).toHaveLength(1);
    });

    test('lists by book id, page by page, each once', async () => {
      const records = Array.from({ length: 25 }, (_, index) => record(`book ${index}`));
      await Promise.all(records.map((one) => given.stores.catalog.put(one)));
      const pages: BookRecord[][] = [];
      for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)?.bookId) {
        const page = await given.stores.catalog.list({ limit: 7, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        pages.push([...page]);
      }
      expect(pages.map((page) => page.length)).toEqual([7, 7, 7, 4]);
      const expected = records.map(({ bookId }) => bookId).sort();
      expect(pages.flat().map(({ bookId }) => bookId)).toEqual(expected);
    });

    test('a page continues after a book that is gone', async () => {
      const ids = ['a', 'b', 'c', 'd'].map(bookIdOf).sort();
      for (const one of ['a', 'b', 'c', 'd']) await given.stores.catalog.put(record(one));
      const gone = ids[1] ?? '';
      await given.stores.catalog.remove([gone]);
      expect((await all({ after: gone })).map(({ bookId }) => bookId)).toEqual(ids.slice(2));
    });

    test('lists one library, several, one state, or both', async () => {
      await given.stores.catalog.put(record('one', { library: 'a' }));
      await given.stores.catalog.put(record('two', { library: 'a', state: 'cancelled' }));
      await given.stores.catalog.put(record('three', { library: 'b', state: 'cancelled' }));
      const titles = async (query: Partial<BookQuery>): Promise<unknown> =>
        (await all(query)).map(({ title }) => title).sort();
      expect(await titles({ library: 'a' })).toEqual(['one', 'two']);
      expect(await titles({ state: 'cancelled' })).toEqual(['three', 'two']);
      expect(await titles({ library: 'a', state: 'cancelled' })).toEqual(['two']);
      await given.stores.catalog.put(record('four', { library: 'd' }));
      expect(await titles({ libraries: ['a', 'd'] })).toEqual(['four', 'one', 'two']);
      expect(await titles({ libraries: ['b', 'c'], state: 'cancelled' })).toEqual(['three']);
      expect(await titles({ libraries: [] })).toEqual([]);
      expect(await titles({ library: 'c' })).toEqual([]);
    });

    test('a limit counts what the filter lets through', async () => {
      for (let index = 0; index < 10; index += 1) {
        await given.stores.catalog.put(
          record(`book ${index}`, { library: index % 2 === 0 ? 'even' : 'odd' }),
        );
      }
      expect(await all({ library: 'even', limit: 3 })).toHaveLength(3);
      expect(await all({ limit: 0 })).toEqual([]);
    });

    test('removes what is there, and only that', async () => {
      await given.stores.catalog.put(record('one'));
      await given.stores.catalog.put(record('two'));
      await given.stores.catalog.remove([bookIdOf('one'), bookIdOf('three'), 'no uuid']);
      await given.stores.catalog.remove([]);
      expect((await all()).map(({ title }) => title)).toEqual(['two']);
    });

    test.each(AWKWARD_TEXTS)('%j comes back from every text of a record', async (text) => {
      const failure = { stage: text, code: text, message: text, attempts: 2 };
      const texts = { library: text, path: text, title: text, author: text, workflowId: text };
      const one = record('one', { ...texts, state: 'failed', failure });
      await given.stores.catalog.put(one);
      await given.stores.catalog.put(record('other'));
      expect(await all({ library: text })).toEqual([one]);
      await given.stores.catalog.putLibrary({ library: text, embedderId: text, dimensions: 3 });
      expect(await given.stores.catalog.getLibrary(text)).toEqual({
        library: text,
        embedderId: text,
        dimensions: 3,
      });
    });

    test('half of a surrogate pair becomes the replacement character', async () => {
      await given.stores.catalog.put(record('one', { title: 'a\ud83db' }));
      expect(await all()).toMatchObject([{ title: 'a\ufffdb' }]);
    });

    test('libraries: unknown, put, replaced, listed by name', async () => {
      expect(await given.stores.catalog.getLibrary('law')).toBeNull();
      expect(await given.stores.catalog.listLibraries()).toEqual([]);
      await given.stores.catalog.putLibrary({ library: 'law', embedderId: 'm1', dimensions: 3 });
      await given.stores.catalog.putLibrary({ library: 'art', embedderId: 'm1', dimensions: 3 });
      await given.stores.catalog.putLibrary({ library: 'law', embedderId: 'm2', dimensions: 4 });
      expect(await given.stores.catalog.getLibrary('law')).toEqual({
        library: 'law',
        embedderId: 'm2',
        dimensions: 4,
      });
      expect((await given.stores.catalog.listLibraries()).map(({ library }) => library)).toEqual([
        'art',
        'law',
      ]);
    });

    test('two instances that put the same books at once leave one record a book', async () => {
      const other = await given.backing.open();
      const names = Array.from({ length: 20 }, (_, index) => `book ${index}`);
      const puts = names.flatMap((one) => [
        given.stores.catalog.put(record(one)),
        other.catalog.put(record(one)),
      ]);
      await Promise.all(puts);
      expect(await all()).toHaveLength(20);
      expect(await other.catalog.list({ limit: 100 })).toHaveLength(20);
      await closeStores(other);
    });

    test('two processes may open an empty backing at once', async () => {
      const fresh = await start();
      const opened = await Promise.all([fresh.open(), fresh.open(), fresh.open()]);
      for (const one of opened) await closeStores(one);
      await fresh[Symbol.asyncDispose]();
    });

    test('everything is there after closing and opening', async () => {
      await given.stores.catalog.put(record('one'));
      await given.stores.catalog.putLibrary({ library: 'law', embedderId: 'm1', dimensions: 3 });
      await closeStores(given.stores);
      given.stores = await given.backing.open();
      expect(await all()).toEqual([record('one')]);
      expect(await given.stores.catalog.listLibraries()).toHaveLength(1);
    });

    test('a catalog that is gone is unreachable for every call', async () => {
      await given.stores.catalog.put(record('one'));
      await given.backing.lose();
      const { catalog } = given.stores;
      const calls = [
        () => catalog.get([bookIdOf('one')]),
        () => catalog.put(record('two')),
        () => catalog.list({ limit: 1 }),
        () => catalog.remove([bookIdOf('one')]),
        () => catalog.getLibrary('law'),
        () => catalog.putLibrary({ library: 'law', embedderId: 'm1', dimensions: 3 }),
        () => catalog.listLibraries(),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    });
  });
}
