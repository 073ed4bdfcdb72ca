import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { hashOf } from '../../activities/naming.ts';
import type { ArtifactStore } from '../../activities/ports/artifact-store.ts';
import '../helpers/any-realm.ts';
import { withFlippedBit } from '../helpers/flipped-bit.ts';
import { runModule } from '../helpers/source-process.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

const KEY = `vectors/${hashOf('a book')}`;
const RECORDS = ['one', '', 'three', 'a longer fourth record', '5'].map((text) => Buffer.from(text));

describe('a finished artifact', () => {
  test('holds its records in order and its summary', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store, { pages: 3, title: 'Ünïcode' });
    await using reader = await opened(store);
    expect(reader.summary).toEqual({ pages: 3, title: 'Ünïcode' });
    expect(reader.records).toBe(RECORDS.length);
    expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
  });

  test('is read from any ordinal, and twice by the same reader', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store);
    await using reader = await opened(store);
    for (let from = 0; from <= RECORDS.length + 1; from++)
      expect(await Array.fromAsync(reader.read(from))).toEqual(RECORDS.slice(from));
  });

  test('may be read in part, and stays', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store);
    await using reader = await opened(store);
    for await (const record of reader.read()) {
      expect(record).toEqual(RECORDS[0]);
      break;
    }
    expect(await isThere(store)).toBe(true);
  });

  test('may have no record, and records larger than any buffer', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store, {}, []);
    await using empty = await opened(store);
    expect(await Array.fromAsync(empty.read())).toEqual([]);
    const big = [Buffer.alloc(3_000_000, 'x'), Buffer.alloc(1), Buffer.alloc(5_000_000, 'y')];
    await finish(store, {}, big);
    await using reader = await opened(store);
    expect(reader.records).toBe(3);
    const lengths: number[] = [];
    for await (const record of reader.read()) lengths.push(record.byteLength);
    expect(lengths).toEqual([3_000_000, 1, 5_000_000]);
  });

  test('that a flipped bit damaged, wherever it is, is never read whole: it is reported, and is gone', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const whole = await finishedBytes(store, folder);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.content.byteLength * 8 - 1), async (bit) => {
        await writeFile(whole.path, withFlippedBit(whole.content, bit));
        expect(await damageOf(store)).toBe(true);
        expect(await isThere(store)).toBe(false);
      }),
      { numRuns: 120 },
    );
  });

  test('that lost its end is none', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const whole = await finishedBytes(store, folder);
    for (let length = 0; length < whole.content.byteLength; length++) {
      await writeFile(whole.path, whole.content.subarray(0, length));
      expect(await isThere(store)).toBe(false);
    }
  });

  test('with a record in the middle flipped gives those before it, and then ARTIFACT_CORRUPT', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const { path, content } = await finishedBytes(store, folder);
    await writeFile(path, withFlippedBit(content, content.indexOf('three') * 8));
    await using reader = await opened(store);
    const seen: Buffer[] = [];
    await expect(async () => {
      for await (const record of reader.read()) seen.push(record);
    }).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT', message: expect.stringContaining(path) });
    expect(seen).toEqual(RECORDS.slice(0, 2));
  });

  test('that is removed can still be read by who has it open', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await finish(store);
    await using reader = await opened(store);
    await store.remove(KEY);
    expect(await isThere(store)).toBe(false);
    expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
    await store.remove(KEY);
  });
});

describe('an artifact that is being written', () => {
  test('is not there for others before it is committed', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    expect(await isThere(store)).toBe(false);
    await using writer = await store.create(KEY, 'a book', 'resume');
    expect(await isThere(store)).toBe(false);
    await writer.append(RECORDS);
    expect(await isThere(store)).toBe(false);
    await writer.commit({});
    expect(await isThere(store)).toBe(true);
    expect(await partials(folder)).toEqual([]);
  });

  test('shows its writer what is in it', async () => {
    await using folder = await tempFolder();
    await using writer = await new FileArtifacts(folder.path).create(KEY, 'a book', 'resume');
    await writer.append(RECORDS.slice(0, 2));
    await writer.append([]);
    await writer.append(RECORDS.slice(2));
    expect(writer.records).toBe(RECORDS.length);
    expect(await Array.fromAsync(writer.read(1))).toEqual(RECORDS.slice(1));
  });

  test('goes on behind the last whole record, wherever a crash cut it', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const { path, content, ends } = await partialBytes(store, folder);
    for (let length = 0; length <= content.byteLength; length++) {
      await writeFile(path, content.subarray(0, length));
      await resumeAndFinish(store, ends.filter((end) => end <= length).length);
    }
  });

  test('goes on before the first record in which a bit flipped', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const { path, content, ends } = await partialBytes(store, folder);
    await fc.assert(
      fc.asyncProperty(fc.nat(content.byteLength * 8 - 1), async (bit) => {
        await writeFile(path, withFlippedBit(content, bit));
        await resumeAndFinish(store, ends.filter((end) => end <= bit >> 3).length);
      }),
      { numRuns: 60 },
    );
  });

  test('goes on when it died after the trailer and before the rename', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    const partial = await partialBytes(store, folder);
    const { path } = await finishedBytes(store, folder);
    await rename(path, partial.path);
    await resumeAndFinish(store, RECORDS.length);
  });

  test('goes on after kill -9 of its process', async () => {
    await using folder = await tempFolder();
    const code = `
      import { FileArtifacts } from './activities/adapters/files/file-artifacts.ts';
      const [folder, key] = process.argv.slice(2);
      const writer = await new FileArtifacts(folder).create(key, 'a book', 'resume');
      await writer.append(['one', '', 'three'].map((text) => Buffer.from(text)));
      process.kill(process.pid, 'SIGKILL');`;
    expect((await runModule(code, [folder.path, KEY])).signal).toBe('SIGKILL');
    await resumeAndFinish(new FileArtifacts(folder.path), 3);
  });

  test('begins anew where that is wanted', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await partialBytes(store, folder);
    await using writer = await store.create(KEY, 'a book', 'fresh');
    expect(writer.records).toBe(0);
    await writer.append(RECORDS.slice(0, 1));
    await writer.commit({});
    await using reader = await opened(store);
    expect(await Array.fromAsync(reader.read())).toEqual(RECORDS.slice(0, 1));
  });

  test('is no concern of another owner, and the last one to commit wins', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await using first = await store.create(KEY, 'a book', 'resume');
    await first.append(RECORDS.slice(0, 3));
    await using second = await store.create(KEY, 'its copy', 'resume');
    expect(second.records).toBe(0);
    await second.append(RECORDS);
    await second.commit({ by: 'second' });
    await first.append(RECORDS.slice(3));
    await first.commit({ by: 'first' });
    await using reader = await opened(store);
    expect(reader.summary).toEqual({ by: 'first' });
    expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
    expect(await partials(folder)).toEqual([]);
  });

  test('is whole even when an attempt that was given up for dead goes on beside the next one', async () => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await using zombie = await store.create(KEY, 'a book', 'resume');
    await zombie.append(RECORDS.slice(0, 2));
    await using heir = await store.create(KEY, 'a book', 'resume');
    await zombie.append(RECORDS.slice(2, 3));
    await heir.append(RECORDS.slice(2));
    await heir.commit({});
    await zombie.append(RECORDS.slice(3)).catch(() => {});
    await zombie.commit({}).catch(() => {});
    await using reader = await opened(store);
    expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
  });
});

test.each(['../../etc/passwd', 'vectors/../../x', `vectors/${'a'.repeat(31)}`, 'x', '', `/${hashOf('x')}`])(
  'a key like %j names no file',
  async (key) => {
    await using folder = await tempFolder();
    const store = new FileArtifacts(folder.path);
    await expect(store.open(key)).rejects.toThrow('is no key of an artifact');
    await expect(store.create(key, 'a book', 'fresh')).rejects.toThrow('is no key of an artifact');
    await expect(store.remove(key)).rejects.toThrow('is no key of an artifact');
  },
);

async function finish(store: ArtifactStore, summary: unknown = {}, records = RECORDS): Promise<void> {
  await using writer = await store.create(KEY, 'a book', 'fresh');
  await writer.append(records);
  await writer.commit(summary);
}

/** The file of the artifact that `finish` makes. */
async function finishedBytes(store: ArtifactStore, folder: TempFolder) {
  await finish(store);
  const [path = ''] = await filesIn(folder);
  return { path, content: await readFile(path) };
}

/** What an attempt leaves that died behind its last record, and where each record ends in it. */
async function partialBytes(store: ArtifactStore, folder: TempFolder) {
  await using writer = await store.create(KEY, 'a book', 'fresh');
  const [path = ''] = await partials(folder);
  const ends: number[] = [];
  for (const record of RECORDS) {
    await writer.append([record]);
    ends.push((await readFile(path)).byteLength);
  }
  return { path, ends, content: await readFile(path) };
}

async function resumeAndFinish(store: ArtifactStore, whole: number): Promise<void> {
  await using writer = await store.create(KEY, 'a book', 'resume');
  expect(writer.records).toBe(whole);
  expect(await Array.fromAsync(writer.read())).toEqual(RECORDS.slice(0, whole));
  await writer.append(RECORDS.slice(whole));
  await writer.commit({});
  await using reader = await opened(store);
  expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
}

async function isThere(store: ArtifactStore): Promise<boolean> {
  await using reader = await store.open(KEY);
  return reader !== null;
}

async function opened(store: ArtifactStore) {
  const reader = await store.open(KEY);
  if (!reader) throw new Error('the artifact is not there');
  return reader;
}

/** True when the damage was noticed: on opening, or at the latest when all is read. */
async function damageOf(store: ArtifactStore): Promise<boolean> {
  await using reader = await store.open(KEY);
  if (!reader) return true;
  const outcome = await Array.fromAsync(reader.read()).catch((error: unknown) => error);
  return outcome instanceof Error && 'code' in outcome && outcome.code === 'ARTIFACT_CORRUPT';
}

async function filesIn(folder: TempFolder): Promise<string[]> {
  const entries = await readdir(join(folder.path, dirname(KEY)), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function partials(folder: TempFolder): Promise<string[]> {
  return (await filesIn(folder)).filter((path) => path.endsWith('.partial'));
}
