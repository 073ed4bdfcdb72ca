import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { bookRecord } from '../../activities/adapters/catalog-records.ts';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { hashOf } from '../../activities/naming.ts';
import type { ArtifactStore, ListedArtifact } from '../../activities/ports/artifact-store.ts';
import { record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const PAGES = `pages/${hashOf('a book')}`;
const VECTORS = `vectors/${hashOf('a book')}`;

describe('the list of artifacts', () => {
  test('is empty where nothing was ever written', async () => {
    await using folder = await tempFolder();
    expect(await listed(new FileArtifacts(join(folder.path, 'not there')))).toEqual([]);
  });

  test('has the finished ones and those that are being written, with size and time', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const before = Date.now() - 2_000;
    await finish(store, PAGES);
    await using writer = await store.create(VECTORS, 'a book', 'fresh');
    await writer.append([Buffer.from('four')]);
    const [finished, partial] = await listed(store);
    expect(finished).toMatchObject({ key: PAGES, partialOf: null });
    expect(partial).toMatchObject({ key: VECTORS, partialOf: hashOf('a book'), bytes: 16 });
    expect(Math.min(finished?.modifiedMs ?? 0, partial?.modifiedMs ?? 0)).toBeGreaterThan(before);
  });

  test('passes over files that are no artifacts', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store, PAGES);
    const [kind = '', hash = ''] = PAGES.split('/');
    for (const path of ['a file', join(kind, 'a file'), join(kind, hash.slice(0, 2), 'notes.txt')])
      await writeFile(join(folder.path, path), '');
    await mkdir(join(folder.path, 'Other', 'aa'), { recursive: true });
    expect((await listed(store)).map(({ key }) => key)).toEqual([PAGES]);
  });

  test('names what is then dropped, and nothing else', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store, VECTORS);
    await (await store.create(VECTORS, 'another', 'fresh'))[Symbol.asyncDispose]();
    const both = await listed(store);
    const partial = both.find(({ partialOf }) => partialOf !== null);
    if (!partial) throw new Error('the partial file is not listed');
    await store.discard(partial);
    await store.discard(partial);
    expect(await listed(store)).toEqual(both.filter(({ partialOf }) => partialOf === null));
    for (const rest of await listed(store)) await store.discard(rest);
    expect(await listed(store)).toEqual([]);
  });
});

test('a catalog record of version 0.1 has no artifacts, and one of today keeps them', () => {
  const today = record('alice', { artifacts: { pages: PAGES, chunks: 'chunks/1', vectors: VECTORS } });
  expect(bookRecord.parse(today)).toEqual(today);
  const { artifacts: _, ...old } = today;
  expect(bookRecord.parse(old)).toEqual({ ...today, artifacts: null });
});

async function listed(store: ArtifactStore): Promise<ListedArtifact[]> {
  return (await Array.fromAsync(store.list())).sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function finish(store: ArtifactStore, key: string): Promise<void> {
  await using writer = await store.create(key, 'a book', 'fresh');
  await writer.append([Buffer.from('a record')]);
  await writer.commit({});
}
