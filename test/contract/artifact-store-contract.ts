/** What every store of artifacts promises; see activities/ports/artifact-store.ts. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashOf } from '../../activities/naming.ts';
import type { ArtifactStore, ListedArtifact } from '../../activities/ports/artifact-store.ts';

/** An empty store; each `open` is one of another process or machine. */
export interface ArtifactBacking extends AsyncDisposable {
  open(): Promise<ArtifactStore>;
}

const KEY = `vectors/${hashOf('a book')}`;
const OTHER = `pages/${hashOf('a book')}`;
const OWNER = 'a book';
const RECORDS = ['one', '', 'three', 'a longer fourth record', '5'].map((text) => Buffer.from(text));

export function artifactStoreContract(name: string, newBacking: () => Promise<ArtifactBacking>): void {
  describe(`${name}: a finished artifact`, () => {
    test('holds its records in order and its summary, for every machine', async () => {
      await using backing = await newBacking();
      await finish(await backing.open(), { pages: 3, title: 'Ünïcode' });
      await using reader = await opened(await backing.open());
      expect(reader.summary).toEqual({ pages: 3, title: 'Ünïcode' });
      expect(reader.records).toBe(RECORDS.length);
      expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
    });

    test('is read from any ordinal, twice by the same reader, and in part', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await finish(store);
      await using reader = await opened(store);
      for (let from = 0; from <= RECORDS.length + 1; from++)
        expect(await Array.fromAsync(reader.read(from))).toEqual(RECORDS.slice(from));
      for await (const record of reader.read(2)) {
        expect(record).toEqual(RECORDS[2]);
        break;
      }
      expect(await isThere(store)).toBe(true);
    });

    test('may have no record, and records larger than any buffer', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await finish(store, {}, []);
      await using empty = await opened(store);
      expect(await Array.fromAsync(empty.read())).toEqual([]);
      const sizes = [3_000_000, 1, 5_000_000, 700_000];
      await finish(
        store,
        {},
        sizes.map((bytes) => Buffer.alloc(bytes, 'x')),
      );
      await using reader = await opened(store);
      const lengths: number[] = [];
      for await (const record of reader.read()) lengths.push(record.byteLength);
      expect(lengths).toEqual(sizes);
    });

    test('that is removed is gone, and its reader gives all of it or ARTIFACT_CORRUPT, never less', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      const records = Array.from({ length: 300 }, (_, ordinal) => Buffer.alloc(10_000, ordinal));
      await finish(store, {}, records);
      await using reader = await opened(store);
      await store.remove(KEY);
      expect(await isThere(store)).toBe(false);
      const outcome: unknown = await Array.fromAsync(reader.read()).catch((error: unknown) => error);
      if (Array.isArray(outcome)) expect(outcome).toHaveLength(records.length);
      else expect(outcome).toMatchObject({ code: 'ARTIFACT_CORRUPT' });
      await store.remove(KEY);
    });
  });

  describe(`${name}: an artifact that is being written`, () => {
    test('is not there for others before it is committed, and leaves nothing beside it', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await using writer = await store.create(KEY, OWNER, 'resume');
      expect(await isThere(store)).toBe(false);
      await writer.append(RECORDS);
      expect(await isThere(store)).toBe(false);
      await writer.commit({});
      expect(await isThere(store)).toBe(true);
      expect(await listed(store)).toMatchObject([{ key: KEY, partialOf: null }]);
    });

    test('shows its writer what is in it', async () => {
      await using backing = await newBacking();
      await using writer = await (await backing.open()).create(KEY, OWNER, 'resume');
      await writer.append(RECORDS.slice(0, 2));
      await writer.append([]);
      await writer.append(RECORDS.slice(2));
      expect(writer.records).toBe(RECORDS.length);
      for (let from = 0; from <= RECORDS.length; from++)
        expect(await Array.fromAsync(writer.read(from))).toEqual(RECORDS.slice(from));
    });

    test('is continued on another machine behind what was appended, in whatever steps', async () => {
      await using backing = await newBacking();
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 6 }), fc.nat(6), async (steps, cut) => {
          const records = steps.flatMap((count, step) =>
            Array.from({ length: count }, () => Buffer.from([step])),
          );
          const before = steps.slice(0, cut).reduce((sum, count) => sum + count, 0);
          const key = `vectors/${hashOf(JSON.stringify([steps, cut]))}`;
          await appendInSteps(await backing.open(), key, steps.slice(0, cut), records);
          await using heir = await (await backing.open()).create(key, OWNER, 'resume');
          expect(heir.records).toBe(before);
          expect(await Array.fromAsync(heir.read())).toEqual(records.slice(0, before));
          await heir.append(records.slice(before));
          await heir.commit({});
          await using reader = await opened(await backing.open(), key);
          expect(await Array.fromAsync(reader.read())).toEqual(records);
        }),
        { numRuns: 12 },
      );
    });

    test('is continued and made whole where it is larger than what is held in memory', async () => {
      await using backing = await newBacking();
      const record = (ordinal: number) => Buffer.alloc(600_000, ordinal);
      await using first = await (await backing.open()).create(KEY, OWNER, 'resume');
      for (let ordinal = 0; ordinal < 6; ordinal += 2)
        await first.append([record(ordinal), record(ordinal + 1)]);
      await using heir = await (await backing.open()).create(KEY, OWNER, 'resume');
      expect(heir.records).toBe(6);
      for (let ordinal = 6; ordinal < 12; ordinal++) await heir.append([record(ordinal)]);
      await heir.commit({ large: true });
      await using reader = await opened(await backing.open());
      let ordinal = 0;
      for await (const found of reader.read()) expect(found.equals(record(ordinal++))).toBe(true);
      expect(ordinal).toBe(12);
      expect(await listed(await backing.open())).toHaveLength(1);
    });

    test('begins anew where that is wanted', async () => {
      await using backing = await newBacking();
      await appendInSteps(await backing.open(), KEY, [3, 2], RECORDS);
      await using writer = await (await backing.open()).create(KEY, OWNER, 'fresh');
      expect(writer.records).toBe(0);
      await writer.append(RECORDS.slice(0, 1));
      await writer.commit({});
      await using reader = await opened(await backing.open());
      expect(await Array.fromAsync(reader.read())).toEqual(RECORDS.slice(0, 1));
      expect(await listed(await backing.open())).toHaveLength(1);
    });

    test('is no concern of another owner', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await using first = await store.create(KEY, OWNER, 'resume');
      await first.append(RECORDS.slice(0, 3));
      await using second = await store.create(KEY, 'its copy', 'resume');
      expect(second.records).toBe(0);
      await second.append(RECORDS);
      await second.commit({ by: 'second' });
      await first.append(RECORDS.slice(3));
      await first.commit({ by: 'first' });
      await using reader = await opened(store);
      expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
      expect(await listed(store)).toHaveLength(1);
    });

    test('is whole even when an attempt that was given up for dead goes on beside the next one', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await using zombie = await store.create(KEY, OWNER, 'resume');
      await zombie.append(RECORDS.slice(0, 2));
      await using heir = await store.create(KEY, OWNER, 'resume');
      await zombie.append(RECORDS.slice(2, 3));
      await heir.append(RECORDS.slice(2, 4));
      await zombie.append(RECORDS.slice(3)).catch(() => {});
      await heir.append(RECORDS.slice(4));
      await heir.commit({});
      await zombie.commit({}).catch(() => {});
      await using reader = await opened(store);
      expect(await Array.fromAsync(reader.read())).toEqual(RECORDS);
    });
  });

  describe(`${name}: the list of artifacts`, () => {
    test('is empty where nothing was ever written', async () => {
      await using backing = await newBacking();
      expect(await listed(await backing.open())).toEqual([]);
    });

    test('has each finished one and each that is being written once, with size and time', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      // Clocks of file systems and servers lag behind ours by up to a second.
      const before = Date.now() - 2_000;
      await finish(store, {}, RECORDS, OTHER);
      await appendInSteps(store, KEY, [2, 1, 2], RECORDS);
      const found = await listed(store);
      expect(found).toMatchObject([
        { key: OTHER, partialOf: null },
        { key: KEY, partialOf: hashOf(OWNER) },
      ]);
      const written = RECORDS.reduce((sum, { byteLength }) => sum + byteLength, 0);
      for (const { bytes, modifiedMs } of found) {
        expect(bytes).toBeGreaterThanOrEqual(written);
        expect(modifiedMs).toBeGreaterThan(before);
      }
    });

    test('names exactly what is then discarded, and discarding it again is no error', async () => {
      await using backing = await newBacking();
      const store = await backing.open();
      await finish(store, {}, RECORDS, OTHER);
      await appendInSteps(store, KEY, [2, 1, 2], RECORDS);
      const [finished, partial] = await listed(store);
      if (!finished || !partial) throw new Error('both are listed');
      await store.discard(partial);
      await store.discard(partial);
      expect(await listed(store)).toEqual([finished]);
      await using writer = await store.create(KEY, OWNER, 'resume');
      expect(writer.records).toBe(0);
      await store.discard(finished);
      expect(await store.open(OTHER)).toBeNull();
    });
  });

  test.each(['../../etc/passwd', 'vectors/../../x', `vectors/${'a'.repeat(31)}`, 'x', '', `/${hashOf('x')}`])(
    `${name}: a key like %j names nothing`,
    async (key) => {
      await using backing = await newBacking();
      const store = await backing.open();
      await expect(store.open(key)).rejects.toThrow('is no key of an artifact');
      await expect(store.create(key, OWNER, 'fresh')).rejects.toThrow('is no key of an artifact');
      await expect(store.remove(key)).rejects.toThrow('is no key of an artifact');
    },
  );
}

async function finish(
  store: ArtifactStore,
  summary: unknown = {},
  records = RECORDS,
  key = KEY,
): Promise<void> {
  await using writer = await store.create(key, OWNER, 'fresh');
  await writer.append(records);
  await writer.commit(summary);
}

/** What an attempt leaves that dies then. */
async function appendInSteps(
  store: ArtifactStore,
  key: string,
  steps: readonly number[],
  records: readonly Buffer[],
): Promise<void> {
  await using writer = await store.create(key, OWNER, 'resume');
  let from = 0;
  for (const count of steps) {
    await writer.append(records.slice(from, from + count));
    from += count;
  }
}

async function isThere(store: ArtifactStore): Promise<boolean> {
  await using reader = await store.open(KEY);
  return reader !== null;
}

async function opened(store: ArtifactStore, key = KEY) {
  const reader = await store.open(key);
  if (!reader) throw new Error('the artifact is not there');
  return reader;
}

async function listed(store: ArtifactStore): Promise<ListedArtifact[]> {
  return (await Array.fromAsync(store.list())).sort((a, b) => a.key.localeCompare(b.key));
}
