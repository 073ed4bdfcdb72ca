/** A touched file is hashed, which takes time: what became of its book meanwhile must not be undone. */
import { stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import { sha256OfFile } from '../../activities/sources/source-file.ts';
import { isUnchanged } from '../../activities/unchanged.ts';
import { record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog } from '../helpers/memory-stores.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const signal = new AbortController().signal;

async function touched() {
  const folder = await tempFolder();
  const path = join(folder.path, 'a.txt');
  await writeFile(path, 'The lamp burned all night.');
  await utimes(path, 1_000, 2_000);
  const { size: bytes, mtimeMs } = await stat(path);
  const catalog = new MemoryCatalog();
  const known: BookRecord = record('a', {
    ...{ path, bytes, mtimeMs: 1, state: 'ingested', pipeline: 'p', sha256: await sha256OfFile(path) },
  });
  await catalog.put(known);
  return {
    ...{ catalog, known, source: { path, bytes, mtimeMs } },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

test('a touched book is unchanged, and its record has the new time', async () => {
  await using given = await touched();
  const { catalog, known, source } = given;
  expect(await isUnchanged(source, known, { catalog, pipeline: 'p', signal })).toBe(true);
  const { bookId } = known;
  expect((await catalog.get([bookId])).get(bookId)?.mtimeMs).toBe(source.mtimeMs);
});

test('a book that was removed meanwhile stays removed', async () => {
  await using given = await touched();
  const { catalog, known, source } = given;
  await catalog.remove([known.bookId]);
  expect(await isUnchanged(source, known, { catalog, pipeline: 'p', signal })).toBe(false);
  expect((await catalog.get([known.bookId])).size).toBe(0);
});

test('a book that was marked for another ingestion meanwhile stays marked', async () => {
  await using given = await touched();
  const { catalog, known, source } = given;
  await catalog.put({ ...known, pipeline: '' });
  expect(await isUnchanged(source, known, { catalog, pipeline: 'p', signal })).toBe(false);
  expect((await catalog.get([known.bookId])).get(known.bookId)?.pipeline).toBe('');
});
