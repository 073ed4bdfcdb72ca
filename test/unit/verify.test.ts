import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FaultReport } from '../../activities/fault-report.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import { PointTally } from '../../activities/point-tally.ts';
import type { StoredPoint } from '../../activities/ports/vector-store.ts';
import { mendBook, type RepairPorts } from '../../activities/repair.ts';
import { createVerifyActivities, type VerifyOptions } from '../../activities/verify.ts';
import { type BookFault, isSound, type VerifyResult } from '../../workflows/upkeep-contract.ts';
import { bookPoints, DIMENSIONS } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { type SmallLibrary, smallLibrary } from '../helpers/small-library.ts';

const NOTHING = { missing: 0, surplus: 0, stale: 0, foreign: 0 };

describe('the tally of a book', () => {
  const book = { bookId: '6f4c1f0e-2f9d-4b36-8a5e-0c9d1a7b3e58', library: 'default', revision: 'r1' };
  const key = (ordinal: number, revision = 'r1') => ({
    ...{ ...book, revision, ordinal },
    id: chunkIdOf(book.bookId, revision, ordinal),
  });

  test('tells for any points in any order which are missing, and which are met again', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.nat(60)), (chunks, ordinals) => {
        const tally = new PointTally({ ...book, chunks });
        const verdicts = ordinals.map((ordinal) => tally.add(key(ordinal)));
        const met = new Set(ordinals.filter((ordinal) => ordinal < chunks));
        const missing = Array.from({ length: chunks }, (_, n) => n).filter((n) => !met.has(n));
        expect(verdicts.filter((verdict) => verdict === 'good')).toHaveLength(met.size);
        expect(verdicts.filter((verdict) => verdict === 'unknown')).toHaveLength(
          ordinals.filter((ordinal) => ordinal >= chunks).length,
        );
        expect(tally.missing).toBe(missing.length);
        expect([...tally.missingIds()]).toEqual(missing.map((ordinal) => key(ordinal).id));
      }),
    );
  });

  test('knows a point of another revision, another library, or an id that no chunk has', () => {
    const tally = new PointTally({ ...book, chunks: 3 });
    expect(tally.add(key(0, 'r0'))).toBe('stale');
    expect(tally.add({ ...key(0), library: 'other' })).toBe('again');
    expect(tally.add({ ...key(1), id: key(2).id })).toBe('unknown');
    expect(tally.add({ ...key(1), ordinal: -1 })).toBe('unknown');
    expect(tally.missing).toBe(2);
  });

  test('of a book that was never ingested expects no point', () => {
    const tally = new PointTally({ ...book, revision: null, chunks: 3 });
    expect(tally.missing).toBe(0);
    expect(tally.add(key(0))).toBe('stale');
    expect([...tally.missingIds()]).toEqual([]);
  });
});

describe('a verification', () => {
  let library: SmallLibrary;
  beforeEach(async () => {
    library = await smallLibrary();
  });
  afterEach(async () => await library[Symbol.asyncDispose]());

  const verify = (options: Partial<VerifyOptions> = {}, booksPerPass?: number): Promise<VerifyResult> => {
    const limit = booksPerPass === undefined ? {} : { booksPerPass };
    const { verifyBooks } = createVerifyActivities({ ...library, ...limit });
    return resultOf(verifyBooks, { repair: false, ...options });
  };

  /** Five books, of which two have each a fault, and a foreign point. */
  async function spoil(): Promise<void> {
    const books = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) books.push(await library.add(name, 4));
    const [torn, old] = books;
    if (!torn || !old) throw new Error('no books');
    await library.store.deletePoints(torn.bookId, [chunkIdOf(torn.bookId, torn.revision, 2)]);
    await library.store.upsert([
      ...bookPoints(old.bookId, 'older', 2),
      ...bookPoints(chunkIdOf(old.bookId, 'x', 0), 'r1', 3),
    ]);
  }

  test.each([1, 2, 50_000])(
    'finds the same, with %p books in memory at once',
    async (booksPerPass) => {
      await spoil();
      const result = await verify({}, booksPerPass);
      expect(result).toMatchObject({ books: 5, points: 19 + 5, faultyBooks: 3, mendedBooks: 0 });
      expect(result.found).toEqual({ missing: 1, surplus: 0, stale: 2, foreign: 3 });
      expect(result.artifacts).toEqual({ read: 15, gone: 0, damaged: 0 });
      expect(isSound(result)).toBe(false);
      const mended = await verify({ repair: true }, booksPerPass);
      expect(mended).toMatchObject({ faultyBooks: 3, mendedBooks: 3 });
      expect(isSound(mended)).toBe(true);
      expect(await verify({}, booksPerPass)).toMatchObject({ points: 20, found: NOTHING, faultyBooks: 0 });
    },
    30_000,
  );

  test('writes a point again as it was, with its text, language and vector', async () => {
    const { bookId, revision } = await library.add('a', 3);
    const id = chunkIdOf(bookId, revision, 1);
    const before = await library.store.get([id]);
    expect(before).toMatchObject([{ language: 'en', year: 1999 }]);
    await library.store.deletePoints(bookId, [id]);
    await verify({ repair: true });
    expect(await library.store.get([id])).toEqual(before);
  });

  test('writes no further into a book that somebody else takes up while it mends', async () => {
    const { bookId, revision } = await library.add('a', 6);
    const { store, catalog } = library;
    await store.delete(bookId);
    const record = (await catalog.get([bookId])).get(bookId);
    if (!record) throw new Error('the book is not there');
    const slow: RepairPorts['store'] = Object.assign(Object.create(null), {
      maxPointsPerWrite: 2,
      deletePoints: (...args: Parameters<typeof store.deletePoints>) => store.deletePoints(...args),
      upsert: async (points: readonly StoredPoint[]): Promise<void> => {
        await store.upsert(points);
        await catalog.put({ ...record, updatedAtMs: 2, revision: 'the next' });
      },
    });
    const wounds = { unknownIds: [], stale: 0, toWrite: 6 };
    const context = { signal: new AbortController().signal, doneBefore: 0, progress: () => {} };
    expect(await mendBook({ ...library, store: slow }, record, wounds, context)).toBe('changed');
    expect(await store.count(bookId, revision)).toBe(2);
    expect((await catalog.get([bookId])).get(bookId)?.pipeline).toBe(record.pipeline);
  });

  test('mends a book of version 0.1, whose record names no artifacts', async () => {
    const { bookId, revision } = await library.add('a', 3, { artifacts: null });
    await library.store.delete(bookId);
    expect(await verify({ repair: true })).toMatchObject({ mendedBooks: 1, artifacts: { read: 3, gone: 0 } });
    expect(await library.store.count(bookId, revision)).toBe(3);
  });

  test('judges no book that is being ingested, and mends nothing of it', async () => {
    const { bookId } = await library.add('a', 3);
    await library.store.upsert(bookPoints(bookId, 'the next', 5));
    library.runningIds.add(`ingest/default/${bookId}`);
    const result = await verify({ repair: true });
    expect(result).toMatchObject({ busyBooks: 1, faultyBooks: 0, found: NOTHING });
    expect(await library.store.count(bookId)).toBe(8);
  });

  test('judges no book that was committed or removed while it looked', async () => {
    const committed = await library.add('a', 3);
    const removed = await library.add('b', 3);
    await library.store.upsert(bookPoints(committed.bookId, 'r2', 5));
    await library.store.delete(removed.bookId);
    // It is asked between the two looks at the record.
    const running = {
      ...library.running,
      async isRunning(): Promise<boolean> {
        await library.catalog.put({ ...committed, revision: 'r2', chunks: 5, updatedAtMs: 2 });
        await library.catalog.remove([removed.bookId]);
        return false;
      },
    };
    const { verifyBooks } = createVerifyActivities({ ...library, running });
    const result = await resultOf(verifyBooks, { repair: false });
    expect(result).toMatchObject({ busyBooks: 2, faultyBooks: 0 });
  });

  test('repairs nothing while a run over the library goes on, and looks all the same', async () => {
    await library.add('a', 3);
    library.runningIds.add('ingest/default');
    await expect(verify({ repair: true })).rejects.toMatchObject({ type: 'RUN_IN_PROGRESS' });
    expect(isSound(await verify())).toBe(true);
  });

  test('looks at the named library alone', async () => {
    await library.catalog.putLibrary({ library: 'other', embedderId: 'model', dimensions: DIMENSIONS });
    await library.add('a', 3);
    const other = await library.add('b', 3, { library: 'other' });
    await library.store.delete(other.bookId);
    expect(await verify({ library: 'default' })).toMatchObject({ books: 1, points: 3, faultyBooks: 0 });
    expect(await verify({ library: 'other' })).toMatchObject({ books: 1, points: 0, faultyBooks: 1 });
    await expect(verify({ library: 'nowhere' })).rejects.toMatchObject({ type: 'LIBRARY_NOT_FOUND' });
  });

  test('passes over a library of another model, whose points it can not see', async () => {
    await library.catalog.putLibrary({ library: 'other', embedderId: 'model 2', dimensions: DIMENSIONS });
    const { bookId } = await library.add('a', 3, { library: 'other' });
    await library.store.delete(bookId);
    const result = await verify({ repair: true });
    expect(result).toMatchObject({ books: 0, faultyBooks: 0, skippedLibraries: ['other'] });
    expect(isSound(result)).toBe(false);
    await expect(verify({ library: 'other' })).rejects.toMatchObject({ type: 'MODEL_MISMATCH' });
  });

  test('marks a book that can not be mended, so that the next ingestion does not pass over it', async () => {
    const { bookId, artifacts, pipeline } = await library.add('a', 3);
    await library.artifacts.remove(artifacts?.vectors ?? '');
    expect(await verify()).toMatchObject({ artifacts: { read: 2, gone: 1 }, faultyBooks: 0 });
    await library.store.delete(bookId);
    await verify();
    expect((await library.catalog.get([bookId])).get(bookId)?.pipeline).toBe(pipeline);
    const result = await verify({ repair: true });
    expect(result.faults).toMatchObject([{ bookId, missing: 3, mended: false }]);
    expect((await library.catalog.get([bookId])).get(bookId)?.pipeline).toBe('');
  });

  test('drops artifacts of another count than the record says', async () => {
    const { bookId, artifacts } = await library.add('a', 3);
    const record = (await library.catalog.get([bookId])).get(bookId);
    if (!record) throw new Error('no record');
    await library.catalog.put({ ...record, pages: 7 });
    expect(await verify()).toMatchObject({ artifacts: { damaged: 1 }, faultyBooks: 1, mendedBooks: 0 });
    const { faults } = await verify({ repair: true });
    // Its points are as they should be, and its pages have to be read again.
    expect(faults).toMatchObject([{ damagedArtifacts: [artifacts?.pages], mended: false }]);
    expect(faults[0]?.remedy).toContain('ingest its path once more');
    expect((await library.catalog.get([bookId])).get(bookId)?.pipeline).toBe('');
    expect(await verify()).toMatchObject({ artifacts: { read: 2, gone: 1, damaged: 0 }, faultyBooks: 0 });
  });

  test('finds nothing in an installation where nothing was ever ingested', async () => {
    expect(await verify({ repair: true })).toMatchObject({ books: 0, points: 0, found: NOTHING });
  });
});

test('a report counts every fault, and lists what fits a payload, the unmended first', () => {
  const report = new FaultReport();
  const points = Array.from(
    { length: 20 },
    (_, n) => ({ fault: 'missing', id: chunkIdOf(ID, 'r', n) }) as const,
  );
  for (let n = 0; n < 5_000; n++) {
    const left = n >= 4_000;
    const fault: BookFault = {
      ...{ ...NOTHING, missing: 20, bookId: ID, library: 'default', path: `/library/${'é'.repeat(400)}` },
      ...{ points, damagedArtifacts: [], mended: !left, remedy: left ? 'Do something.' : null },
    };
    report.add(fault);
    report.add(null);
    report.add('busy');
  }
  const result = report.result();
  expect(result).toMatchObject({ faultyBooks: 5_000, mendedBooks: 4_000, busyBooks: 5_000 });
  expect(result.found.missing).toBe(100_000);
  expect(result.faults.length).toBeGreaterThan(10);
  expect(result.faults[0]?.mended).toBe(false);
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(64 * 1024);
});

const ID = '6f4c1f0e-2f9d-4b36-8a5e-0c9d1a7b3e58';
