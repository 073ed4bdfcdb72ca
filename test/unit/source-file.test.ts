import { createHash } from 'node:crypto';
import { appendFile, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { assertUnchanged, sha256OfFile, stateOfSource } from '../../activities/sources/source-file.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const NEWER = new Date('2031-01-01T00:00:00.250Z');

describe('the state of a source', () => {
  test('tells its size and its time in whole milliseconds', async () => {
    await using folder = await book();
    await utimes(folder.file, NEWER, NEWER);
    expect(await stateOfSource(folder.file, [])).toMatchObject({ bytes: 9, mtimeMs: NEWER.getTime() });
  });

  test.each([
    ['is not there', '/gone.txt', 'SOURCE_MISSING'],
    ['lies in a file', '/book.txt/a.txt', 'SOURCE_MISSING'],
    ['leads to itself', '/self', 'SYMLINK_LOOP'],
    ['leads nowhere', '/dangling', 'SOURCE_MISSING'],
    ['leads out of the roots', '/out', 'OUTSIDE_ROOTS'],
  ])('that %s is refused by its code and path', async (_, name, code) => {
    await using folder = await book();
    await symlink('self', `${folder.path}/self`);
    await symlink('nowhere', `${folder.path}/dangling`);
    await symlink('/etc/passwd', `${folder.path}/out`);
    await expect(stateOfSource(folder.path + name, [folder.path])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(folder.path + name),
    });
  });

  test('is held against the roots by its real path', async () => {
    await using folder = await book();
    await mkdir(`${folder.path}/root`);
    await symlink(folder.file, `${folder.path}/root/book.txt`);
    await expect(
      stateOfSource(`${folder.path}/root/book.txt`, [`${folder.path}/root`]),
    ).rejects.toMatchObject({
      code: 'OUTSIDE_ROOTS',
    });
    expect(await stateOfSource(`${folder.path}/root/book.txt`, [folder.path])).toMatchObject({ bytes: 9 });
  });
});

describe('a source that was read', () => {
  const changes: Record<string, (file: string) => Promise<unknown>> = {
    grew: (file) => appendFile(file, '!'),
    'was written again in the same length': async (file) => {
      await writeFile(file, 'nine more');
      await utimes(file, NEWER, NEWER);
    },
    'was replaced by another file of the same size and time': async (file) => {
      const { mtimeMs } = await stateOfSource(file, []);
      await writeFile(`${file}.new`, 'nine more');
      await utimes(`${file}.new`, mtimeMs / 1000, mtimeMs / 1000);
      await rename(`${file}.new`, file);
    },
    'was touched': (file) => utimes(file, NEWER, NEWER),
  };

  test('and stayed as it was is unchanged', async () => {
    await using folder = await book();
    const before = await stateOfSource(folder.file, []);
    await expect(assertUnchanged(folder.file, before, [])).resolves.toBeUndefined();
  });

  test.each(Object.keys(changes))('and %s is SOURCE_CHANGED', async (change) => {
    await using folder = await book();
    // Two names of one file: only so can the replaced one not give its number to the new one.
    await link(folder.file, `${folder.file}.kept`);
    const before = await stateOfSource(folder.file, []);
    await changes[change]?.(folder.file);
    await expect(assertUnchanged(folder.file, before, [])).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  });

  test('and is gone is SOURCE_MISSING', async () => {
    await using folder = await book();
    const before = await stateOfSource(folder.file, []);
    await rm(folder.file);
    await expect(assertUnchanged(folder.file, before, [])).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  });
});

describe('the SHA-256 of a file', () => {
  test('is that of its bytes, over any number of pieces, and tells how far it is', async () => {
    await using folder = await tempFolder();
    const content = Buffer.from(Uint8Array.from({ length: 2_500_001 }, (_, index) => index % 251));
    await writeFile(`${folder.path}/big`, content);
    const heard: number[] = [];
    const sha256 = await sha256OfFile(`${folder.path}/big`, undefined, (bytes) => heard.push(bytes));
    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(heard.at(-1)).toBe(content.byteLength);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
  });

  test('of nothing is that of no bytes', async () => {
    await using folder = await tempFolder();
    await writeFile(`${folder.path}/empty`, '');
    expect(await sha256OfFile(`${folder.path}/empty`)).toBe(createHash('sha256').digest('hex'));
  });

  test('of a missing file or a folder is an error of the registry', async () => {
    await using folder = await tempFolder();
    await expect(sha256OfFile(`${folder.path}/gone`)).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
    await expect(sha256OfFile(folder.path)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  test('ends with the signal, and that is no failure of the file', async () => {
    await using folder = await book();
    const aborted = AbortSignal.abort();
    await expect(sha256OfFile(folder.file, aborted)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

async function book() {
  const folder = await tempFolder();
  const file = `${folder.path}/book.txt`;
  await writeFile(file, 'nine char');
  return { ...folder, file };
}
