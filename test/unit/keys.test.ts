import { appendFile, chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Scope, scopes } from '../../client/http/contract.ts';
import { KeyStore } from '../../client/http/keys.ts';
import { hasScope } from '../../client/http/principal.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const reader = { name: 'reader', scopes: ['ask'] } as const;

async function withFile(work: (path: string, store: KeyStore) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  const path = join(folder.path, 'deep', 'keys.json');
  await work(path, new KeyStore(path));
}

const scopeSets = fc.uniqueArray(fc.constantFrom(...scopes), { minLength: 1 });
const libraryNames = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,10}$/);
const names = fc.stringMatching(/^[ -~\u00e0-\u00ff]{1,30}$/);

describe('a store of keys', () => {
  test('finds whose a key is, and keeps nothing that gives the key', () =>
    withFile(async (path, store) => {
      const { key, ...added } = await store.add({ ...reader, libraries: ['theses'] });
      expect(key).toMatch(/^scr_[a-z0-9]{8}_[\w-]{43}$/);
      expect(key.slice(4, 12)).toBe(added.id);
      expect(added).toMatchObject({ name: 'reader', scopes: ['ask'], libraries: ['theses'] });
      expect(await store.find(key)).toEqual(added);
      expect(await store.list()).toEqual([added]);
      const kept = await readFile(path, 'utf8');
      expect(kept).not.toContain(key.slice(13));
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readdir(join(path, '..'))).toEqual(['keys.json']);
    }));

  test.each(['', 'scr_', 'scr_abcdefgh_', `scr_abcdefgh_${'A'.repeat(43)}`, 'x'.repeat(100_000)])(
    '%#: finds nobody for what is no key',
    (presented) =>
      withFile(async (_, store) => {
        expect(await store.find(presented)).toBeNull();
        await store.add(reader);
        expect(await store.find(presented)).toBeNull();
      }),
  );

  test('finds exactly the keys that were added, each with what it was given', async () => {
    const key = fc.record({
      name: names,
      scopes: scopeSets,
      libraries: fc.option(fc.array(libraryNames, { minLength: 1, maxLength: 3 })),
    });
    const keys = fc.uniqueArray(key, { minLength: 1, maxLength: 5, selector: ({ name }) => name });
    await fc.assert(
      fc.asyncProperty(keys, fc.nat(), (wanted, at) =>
        withFile(async (path, store) => {
          const issued = [];
          for (const each of wanted) issued.push(await store.add(each));
          const other = new KeyStore(path);
          for (const [index, each] of wanted.entries())
            expect(await other.find(issued[index]?.key ?? '')).toMatchObject(each);
          const gone = issued[at % issued.length];
          expect(await store.revoke(gone?.id ?? '')).toMatchObject({ id: gone?.id });
          for (const { key: presented } of issued)
            expect((await store.find(presented)) === null).toBe(presented === gone?.key);
          expect(await store.list()).toHaveLength(wanted.length - 1);
        }),
      ),
      { numRuns: 15 },
    );
  });

  test('a key with any one character changed is another one', () =>
    withFile(async (_, store) => {
      const { key } = await store.add(reader);
      await fc.assert(
        fc.asyncProperty(fc.nat(key.length - 1), fc.constantFrom(...'aZ9_-'), async (at, letter) => {
          const changed = `${key.slice(0, at)}${letter}${key.slice(at + 1)}`;
          expect((await store.find(changed)) === null).toBe(changed !== key);
        }),
        { numRuns: 100 },
      );
    }));

  test('loses none of many writers at once, and leaves no file behind', () =>
    withFile(async (path) => {
      const stores = Array.from({ length: 4 }, () => new KeyStore(path));
      const issued = await Promise.all(
        Array.from({ length: 12 }, (_, at) =>
          (stores[at % 4] ?? new KeyStore(path)).add({ name: `key ${at}`, scopes: ['ask'] }),
        ),
      );
      expect(new Set(issued.map(({ id }) => id)).size).toBe(12);
      const names = (await new KeyStore(path).list()).map(({ name }) => name);
      expect(names.sort()).toEqual(issued.map(({ name }) => name).sort());
      await Promise.all(issued.slice(1).map(({ id }, at) => stores[at % 4]?.revoke(id)));
      expect(await new KeyStore(path).list()).toMatchObject([{ id: issued[0]?.id }]);
      expect(await readdir(join(path, '..'))).toEqual(['keys.json']);
    }));

  test('hears of keys that another process added or revoked within a second', () =>
    withFile(async (path, store) => {
      expect(await store.isEmpty()).toBe(true);
      const other = new KeyStore(path);
      const { key, id } = await other.add(reader);
      await setTimeout(300);
      expect(await store.isEmpty()).toBe(false);
      expect(await store.find(key)).toMatchObject({ id });
      expect(await other.revoke('reader')).toMatchObject({ id });
      await setTimeout(300);
      expect(await store.find(key)).toBeNull();
    }));

  test('refuses a name that is taken, and what makes no sense', () =>
    withFile(async (_, store) => {
      await store.add(reader);
      const invalid = { code: 'INVALID_ARGUMENT' };
      await expect(store.add(reader)).rejects.toMatchObject(invalid);
      await expect(store.add({ name: 'a\u001b[2J', scopes: ['ask'] })).rejects.toMatchObject(invalid);
      await expect(store.add({ name: 'b', scopes: [] })).rejects.toMatchObject(invalid);
      await expect(store.add({ name: 'c', scopes: ['ask'], libraries: ['../etc'] })).rejects.toMatchObject(
        invalid,
      );
      expect(await store.list()).toHaveLength(1);
      expect(await store.revoke('nobody')).toBeNull();
    }));
});

describe('a server that needs no key while there is none', () => {
  test('is not opened by the revocation of the last one', () =>
    withFile(async (_, store) => {
      await store.add(reader);
      await store.revoke('reader');
      expect(await store.list()).toEqual([]);
      expect(await store.isEmpty()).toBe(false);
    }));

  test('is not opened by a file that is removed while it runs', () =>
    withFile(async (path, store) => {
      await store.add(reader);
      expect(await store.isEmpty()).toBe(false);
      await rm(path);
      await setTimeout(300);
      const refused = { code: 'INVALID_CONFIG', message: expect.stringContaining(path) };
      await expect(store.isEmpty()).rejects.toMatchObject(refused);
    }));

  test.each([
    '',
    '{',
    '[]',
    '{"keys":[]}',
    '{"version":2,"keys":[]}',
    '{"version":1,"keys":[{"id":"abcdefgh"}]}',
  ])('is not opened by a file that makes no sense: %s', (text) =>
    withFile(async (path, store) => {
      const { key } = await store.add(reader);
      await writeFile(path, text);
      const refused = { code: 'INVALID_CONFIG', message: expect.stringContaining(path) };
      const fresh = new KeyStore(path);
      await expect(fresh.find(key)).rejects.toMatchObject(refused);
      await expect(fresh.isEmpty()).rejects.toMatchObject(refused);
      await expect(fresh.list()).rejects.toMatchObject(refused);
      await expect(fresh.add({ ...reader, name: 'other' })).rejects.toMatchObject(refused);
      expect(await readFile(path, 'utf8')).toBe(text);
    }),
  );

  test('goes on when the file is mended', () =>
    withFile(async (path, store) => {
      const { key, id } = await store.add(reader);
      const good = await readFile(path, 'utf8');
      await appendFile(path, 'x');
      await setTimeout(300);
      await expect(store.find(key)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
      await writeFile(path, good);
      await chmod(path, 0o600);
      expect(await store.find(key)).toMatchObject({ id });
    }));
});

test.each<[readonly Scope[], Scope, boolean]>([
  [['ask'], 'ask', true],
  [['ask'], 'ingest', false],
  [['ingest'], 'ask', false],
  [['ask', 'ingest'], 'admin', false],
  [['admin'], 'ask', true],
  [['admin'], 'ingest', true],
])('scopes %j allow %s: %s', (given, wanted, allowed) => {
  expect(hasScope({ scopes: given }, wanted)).toBe(allowed);
});
