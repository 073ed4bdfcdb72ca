import { expect, test } from '@jest/globals';
import { createCatalogActivities } from '../../activities/catalog.ts';
import { record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { resultOf, runActivity } from '../helpers/run-activity.ts';

const listing = { library: 'theses', libraries: undefined, state: undefined, after: undefined, limit: 10 };

test('a library that is not there is told from one without such books', async () => {
  const catalog = new MemoryCatalog();
  const { listCatalog } = createCatalogActivities({ catalog });
  expect((await runActivity(listCatalog, listing)).failure).toMatchObject({ type: 'LIBRARY_NOT_FOUND' });
  await catalog.putLibrary({ library: 'theses', embedderId: 'model', dimensions: 2 });
  expect(await resultOf(listCatalog, listing)).toEqual({ books: [], next: null });
});

test('nor is the end of a list a library that is not there', async () => {
  const catalog = new MemoryCatalog();
  await catalog.put(record('b1', { bookId: 'b1', library: 'theses' }));
  const { listCatalog } = createCatalogActivities({ catalog });
  expect(await resultOf(listCatalog, listing)).toMatchObject({ books: [{ bookId: 'b1' }] });
  expect(await resultOf(listCatalog, { ...listing, after: 'b1' })).toEqual({ books: [], next: null });
});
