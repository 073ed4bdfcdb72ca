import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createExplainActivities } from '../../activities/explain.ts';
import { createGarbageActivities, type GarbageOptions } from '../../activities/gc.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import type { ListedArtifact } from '../../activities/ports/artifact-store.ts';
import { createRemoveActivities } from '../../activities/remove.ts';
import { stepsOf } from '../../client/history.ts';
import type { GarbageResult } from '../../workflows/upkeep-contract.ts';
import { removeBookInput, verifyInput } from '../../workflows/upkeep-contract.ts';
import '../helpers/any-realm.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { type SmallLibrary, smallLibrary } from '../helpers/small-library.ts';

let library: SmallLibrary;
beforeEach(async () => {
  library = await smallLibrary();
});
afterEach(async () => await library[Symbol.asyncDispose]());

describe('a garbage collection', () => {
  const collect = (options: Partial<GarbageOptions> = {}, booksPerPass?: number): Promise<GarbageResult> => {
    const limit = booksPerPass === undefined ? {} : { booksPerPass };
    const { dropUnneeded } = createGarbageActivities({ ...library, ...limit });
    return resultOf(dropUnneeded, { dryRun: false, graceMs: 0, ...options });
  };
  const keysThere = async (): Promise<string[]> =>
    (await Array.fromAsync(library.artifacts.list())).map(({ key }) => key).sort();

  test.each([1, 50_000])(
    'drops what no book needs, with %p books in memory at once',
    async (booksPerPass) => {
      const kept = [await library.add('a', 2), await library.add('b', 2), await library.add('c', 2)];
      const gone = await library.add('d', 2);
      await library.catalog.remove([gone.bookId]);
      const { dropped, needed, young } = await collect({}, booksPerPass);
      expect(dropped).toMatchObject({ pages: { files: 1 }, chunks: { files: 1 }, vectors: { files: 1 } });
      expect([needed.files, young.files]).toEqual([9, 0]);
      expect(await keysThere()).toEqual(
        kept.flatMap(({ artifacts }) => Object.values(artifacts ?? {})).sort(),
      );
    },
  );

  test('keeps what another book with the same content needs, and a book that failed later', async () => {
    const twin = await library.add('a', 2, { sha256: 'the same' });
    await library.add('b', 2, { sha256: 'the same' });
    const failure = { stage: 'extract', code: 'CORRUPT_FILE', message: '', attempts: 1 };
    await library.add('c', 2, { state: 'failed', failure });
    await library.catalog.remove([twin.bookId]);
    expect((await collect()).dropped).toEqual({});
    expect(await keysThere()).toHaveLength(6);
  });

  test('keeps what a book of version 0.1 was made of', async () => {
    await library.add('a', 2, { artifacts: null });
    expect((await collect()).dropped).toEqual({});
  });

  test('drops what an ingestion left half-written, once the grace is over', async () => {
    const { artifacts } = await library.add('a', 2);
    const partial = await library.artifacts.create(artifacts?.vectors ?? '', 'another', 'fresh');
    await partial.append([Buffer.from('half')]);
    await partial[Symbol.asyncDispose]();
    expect(await collect({ graceMs: 3_600_000 })).toMatchObject({ dropped: {}, young: { files: 1 } });
    expect(await collect()).toMatchObject({ dropped: { partial: { files: 1 } }, needed: { files: 3 } });
    expect(await keysThere()).toHaveLength(3);
  });

  test('is refused while anything is being ingested, and then only counts', async () => {
    const { bookId } = await library.add('a', 2);
    await library.catalog.remove([bookId]);
    for (const id of ['ingest/default', `ingest/default/${bookId}`]) {
      library.runningIds.clear();
      library.runningIds.add(id);
      await expect(collect()).rejects.toMatchObject({ type: 'RUN_IN_PROGRESS' });
    }
    expect((await collect({ dryRun: true })).dropped).toMatchObject({ pages: { files: 1 } });
    expect(await keysThere()).toHaveLength(3);
  });
});

describe('a garbage collection of an empty catalog', () => {
  test('is refused, unless forced: a store that was lost is filled again from what would go', async () => {
    const { bookId } = await library.add('a', 2);
    await library.catalog.remove([bookId]);
    const { dropUnneeded } = createGarbageActivities(library);
    const collect = (options: Partial<GarbageOptions>): Promise<GarbageResult> =>
      resultOf(dropUnneeded, { dryRun: false, graceMs: 0, ...options });
    await expect(collect({})).rejects.toMatchObject({ type: 'GC_REFUSED', nonRetryable: true });
    expect(await Array.fromAsync(library.artifacts.list())).toHaveLength(3);
    // What is young stays in any case.
    expect(await collect({ graceMs: 3_600_000 })).toMatchObject({ dropped: {}, young: { files: 3 } });
    expect((await collect({ dryRun: true })).dropped).toMatchObject({ vectors: { files: 1 } });
    expect((await collect({ force: true })).dropped).toMatchObject({ vectors: { files: 1 } });
    expect(await Array.fromAsync(library.artifacts.list())).toEqual([]);
  });
});

describe('a garbage collection beside which a run begins', () => {
  test('stops: finished files are taken up again, however old they are', async () => {
    for (const name of ['a', 'b', 'c']) {
      const { bookId } = await library.add(name, 2);
      await library.catalog.remove([bookId]);
    }
    const { artifacts } = library;
    const discarded: string[] = [];
    const watched = {
      list: () => artifacts.list(),
      discard: async (file: ListedArtifact): Promise<void> => {
        discarded.push(file.key);
        library.runningIds.add('ingest/default/x');
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      },
    };
    const ports = { ...library, artifacts: Object.assign(Object.create(artifacts), watched) };
    const { dropUnneeded } = createGarbageActivities(ports);
    await expect(resultOf(dropUnneeded, { dryRun: false, graceMs: 0, force: true })).rejects.toMatchObject({
      type: 'RUN_IN_PROGRESS',
    });
    expect(discarded).toHaveLength(1);
  });

  test('keeps what a run has taken up that began and ended between two looks', async () => {
    const kept = await library.add('a', 2);
    const back = await library.add('b', 2);
    await library.catalog.remove([back.bookId]);
    const { artifacts } = library;
    const watched = {
      async *list() {
        const files = await Array.fromAsync(artifacts.list());
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        await library.catalog.put(back);
        yield* files;
      },
    };
    const ports = { ...library, artifacts: Object.assign(Object.create(artifacts), watched) };
    const { dropUnneeded } = createGarbageActivities(ports);
    const { dropped, needed } = await resultOf(dropUnneeded, { dryRun: false, graceMs: 0 });
    expect({ dropped, needed: needed.files }).toEqual({ dropped: {}, needed: 6 });
    const keys = [kept, back].flatMap((record) => Object.values(record.artifacts ?? {}));
    expect((await Array.fromAsync(artifacts.list())).map(({ key }) => key).sort()).toEqual(keys.sort());
  });
});

describe('a removal', () => {
  test('of a book whose points another model made is refused: they can’t be seen', async () => {
    const { bookId } = await library.add('a', 3);
    await library.catalog.putLibrary({ library: 'default', embedderId: 'another', dimensions: 2 });
    const { findRemovable } = createRemoveActivities(library);
    const input = { library: 'default', bookId };
    await expect(resultOf(findRemovable, input)).rejects.toMatchObject({ type: 'MODEL_MISMATCH' });
  });

  test('takes out the record and every point, and changes nothing when it is done again', async () => {
    const { bookId, path } = await library.add('a', 3);
    const { findRemovable, takeOut } = createRemoveActivities(library);
    const input = { library: 'default', bookId };
    expect(await resultOf(findRemovable, input)).toMatchObject({ path, title: 'a', points: 3 });
    for (let round = 0; round < 2; round++) await resultOf(takeOut, input);
    expect((await library.catalog.get([bookId])).size).toBe(0);
    expect(await library.store.count(bookId)).toBe(0);
  });

  test('goes on where one that was interrupted left points without a record', async () => {
    const { bookId } = await library.add('a', 3);
    await library.catalog.remove([bookId]);
    const { findRemovable } = createRemoveActivities(library);
    expect(await resultOf(findRemovable, { library: 'default', bookId })).toMatchObject({
      ...{ path: null, points: 3 },
    });
  });

  test('knows no book of another library', async () => {
    const { bookId } = await library.add('a', 3);
    const { findRemovable } = createRemoveActivities(library);
    const input = { library: 'other', bookId };
    await expect(resultOf(findRemovable, input)).rejects.toMatchObject({ type: 'BOOK_NOT_FOUND' });
  });

  test('takes a full id only, and a verification no field that it does not know', () => {
    expect(removeBookInput.safeParse({ library: 'default', bookId: 'a' }).success).toBe(false);
    expect(verifyInput.safeParse({ mend: true }).success).toBe(false);
  });
});

describe('an explanation', () => {
  const explain = (id: string, path?: string, of = 'default') =>
    resultOf(createExplainActivities(library).explainSubject, { id, path, library: of });

  test('is found by book id, path, chunk id and workflow id', async () => {
    const { bookId, path, revision, artifacts } = await library.add('a', 3);
    const book = { bookId, path, artifacts, points: 3 };
    for (const id of [bookId, path, `ingest/default/${bookId}`])
      expect(await explain(id)).toMatchObject({ kind: 'book', book });
    expect(await explain('a.txt', path)).toMatchObject({ kind: 'book', book });
    const chunk = { ordinal: 1, text: `Passage 1 of ${path}`, searchable: true };
    expect(await explain(chunkIdOf(bookId, revision, 1))).toMatchObject({ kind: 'chunk', chunk, book });
  });

  test('says of a chunk whose book has another revision, or none, that no search gives it', async () => {
    const { bookId, revision } = await library.add('a', 3);
    await library.catalog.remove([bookId]);
    const id = chunkIdOf(bookId, revision, 1);
    expect(await explain(id)).toMatchObject({ kind: 'chunk', chunk: { searchable: false }, book: null });
  });

  test('is found for a run by its id or library, and for nothing else', async () => {
    const run = { kind: 'run', library: 'default', workflowId: 'ingest/default', embedderId: 'model' };
    expect(await explain('ingest/default')).toEqual({ ...run, dimensions: library.pipeline.dimensions });
    expect(await explain('default')).toMatchObject(run);
    for (const id of ['ingest/other', 'other', '/library/none.txt', '2f1b9a52-7f0c-4d57-9d63-0d9a1f1f7d10'])
      await expect(explain(id)).rejects.toMatchObject({ type: 'BOOK_NOT_FOUND' });
  });
});

describe('the steps of a history', () => {
  const at = (seconds: number) => ({ eventTime: { seconds, nanos: 500_000_000 } });
  const scheduled = (eventId: number, name: string, seconds: number) => ({
    ...{ eventId, ...at(seconds), activityTaskScheduledEventAttributes: { activityType: { name } } },
  });

  test('have attempts, waits and outcomes', () => {
    const steps = stepsOf([
      scheduled(5, 'extractBook', 100),
      {
        ...at(130),
        activityTaskStartedEventAttributes: {
          ...{ scheduledEventId: 5, attempt: 3, lastFailure: { message: 'it crashed' } },
        },
      },
      { ...at(134), activityTaskCompletedEventAttributes: { scheduledEventId: 5 } },
      scheduled(9, 'chunkBook', 135),
      { ...at(136), activityTaskStartedEventAttributes: { scheduledEventId: 9, attempt: 1 } },
      { ...at(137), activityTaskFailedEventAttributes: { scheduledEventId: 9 } },
      scheduled(12, 'recordOutcome', 140),
    ]);
    const first = { step: 'extractBook', attempts: 3, seconds: 34, lastAttemptSeconds: 4 };
    expect(steps).toEqual([
      { ...first, outcome: 'completed', lastFailure: 'it crashed' },
      expect.objectContaining({ step: 'chunkBook', outcome: 'failed', seconds: 2 }),
      expect.objectContaining({ step: 'recordOutcome', outcome: 'pending', attempts: 0, seconds: null }),
    ]);
  });
});
