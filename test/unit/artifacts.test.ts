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
