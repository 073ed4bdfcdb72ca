/** A scan: what is to be ingested, what is settled, what is tried again, and what is removed. */
import { rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { ScriptoriumError } from '../../activities/errors.ts';
import { attemptFingerprintOf } from '../../activities/failed-before.ts';
import { createRunActivities } from '../../activities/run.ts';
import { bookPoints } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { noClient } from '../helpers/no-client.ts';
import { resultOf, runActivity } from '../helpers/run-activity.ts';
import { limits, namesIn, pipeline, ScannedLibrary, sandboxLimits } from '../helpers/scanned-library.ts';

const fingerprint = attemptFingerprintOf(pipeline, sandboxLimits);
const TORN = { stage: 'extract', code: 'CORRUPT_FILE', message: 'it is torn', attempts: 1, fingerprint };

describe('a scan', () => {
  test('lists new and changed books with size and time, and the bytes of each format', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'four', 'b.TXT': 'fives', 'c.pdf': 'x' });
    await library.ingested('c.pdf');
    const { entries, ...result } = await library.scan();
    expect(result).toMatchObject({ toIngest: 2, unchanged: 1, failed: 0, pruned: 0, formats: { '.txt': 9 } });
    expect(entries[0]).toEqual({
      ...{ bookId: library.idOf('a.txt'), path: library.folder.at('a.txt') },
      ...{ bytes: 4, mtimeMs: expect.any(Number), isNew: true },
    });
  });

  test('does not call a book new of which there is a revision', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'four' });
    await library.ingested('a.txt', { bytes: 1, mtimeMs: 1 });
    const { entries } = await library.scan();
    expect(entries).toHaveLength(1);
    expect(entries[0]).not.toHaveProperty('isNew');
  });

  test('ingests a file that it meets by two names once', async () => {
    await using library = await ScannedLibrary.of({ 'm.txt': 'text' });
    await symlink(library.folder.at('m.txt'), library.folder.at('a.txt'));
    const scanned = await library.scan();
    expect(namesIn(library, scanned)).toEqual(['m.txt']);
    expect(scanned.skippedFiles).toEqual({ '(another name)': 1 });
  });

  test('tells the thirty most frequent endings of what it passed over apart, and sums the others', async () => {
    const named = Array.from({ length: 1_100 }, (_, n) => [`backup.${n}`, 'x']);
    await using library = await ScannedLibrary.of({
      ...Object.fromEntries(named),
      ...{ 'a.txt': 'a', 'a1.jpg': 'x', 'a2.jpg': 'x' },
    });
    const { skippedFiles } = await library.scan();
    expect(Object.keys(skippedFiles)).toHaveLength(31);
    expect(Object.entries(skippedFiles)[0]).toEqual(['.jpg', 2]);
    expect(Object.values(skippedFiles).reduce((sum, count) => sum + count)).toBe(1_102);
    expect(skippedFiles['(other)']).toBe(1_071);
  });

  test('lists as many failures as fit, however long their paths are, and counts all of them', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a' });
    const deep = library.folder.at(Array.from({ length: 15 }, () => 'x'.repeat(200)).join('/'));
    const { failed, failures } = await library.scan({
      paths: Array.from({ length: 50 }, (_, n) => `${deep}/${n}.txt`),
    });
    expect(failed).toBe(50);
    expect(failures.length).toBeGreaterThan(2);
    expect(JSON.stringify(failures).length).toBeLessThan(30_000);
    expect(failures[0]?.message).toMatch(/….+Check the path, then ingest again\.$/);
  });

  test('twice in one run keeps the list of the first', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a', 'b.txt': 'b' });
    const first = await library.scan();
    const second = await library.scan({ paths: [library.folder.at('b.txt')] });
    expect(second.manifestKey).not.toBe(first.manifestKey);
    const page = { manifestKey: first.manifestKey, from: 0, limit: 10 };
    expect(await resultOf(library.activities().readManifest, page)).toEqual(first.entries);
  });

  test('that ends late, when another attempt at it was begun, leaves the list of that attempt as it is', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a', 'b.txt': 'b' });
    const { scanLibrary, readManifest } = library.activities();
    const input = { library: 'default', paths: [library.folder.path] };
    const used = await resultOf(scanLibrary, input, { attempt: 2 });
    await rm(library.folder.at('a.txt'));
    const late = await resultOf(scanLibrary, input, { attempt: 1 });
    expect([used.toIngest, late.toIngest]).toEqual([2, 1]);
    const page = { manifestKey: used.manifestKey, from: 0, limit: 10 };
    expect(await resultOf(readManifest, page)).toHaveLength(2);
  });

  test('of a library that was made with another model is MODEL_MISMATCH', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a' });
    await library.scan();
    const other = library.activities({ pipeline: { embedderId: 'other' } });
    const { failure } = await runActivity(other.scanLibrary, { library: 'default', paths: [] });
    expect(failure).toMatchObject({ type: 'MODEL_MISMATCH', nonRetryable: true });
    expect(failure?.message).toMatch(/embedded with model, and other is configured/);
    expect(library.catalog.libraries.get('default')).toMatchObject({ embedderId: 'model' });
  });

  test('leaves no record of a failure to find a file that is mended, nor of one inside a folder', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a', 'deep/b.txt': 'b' });
    await symlink(library.folder.at('gone'), library.folder.at('deep/c.txt'));
    expect(await library.scan()).toMatchObject({ toIngest: 2, failed: 1 });
    expect(library.catalog.books.size).toBe(1);
    await library.scan({ paths: [library.folder.at('a.txt')] });
    expect(library.catalog.books.size).toBe(1);
    await rm(library.folder.at('deep/c.txt'));
    expect(await library.scan()).toMatchObject({ failed: 0 });
    expect(library.catalog.books.size).toBe(0);
  });

  test('keeps the records of what lies below a folder that can not be read now', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a' });
    const failure = { stage: 'scan', code: 'SOURCE_MISSING', message: 'x', attempts: 1 };
    await library.failed('shelf/c.txt', 'SOURCE_MISSING', { failure });
    await library.scan({ paths: [library.folder.at('shelf')] });
    expect([...library.catalog.books.keys()]).toContain(library.idOf('shelf/c.txt'));
  });
});

describe('a book whose content is at fault', () => {
  test('is not tried again as it is, and its failure is listed as it was recorded', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a', 'bad.txt': 'bad' });
    await library.failed('bad.txt', 'CORRUPT_FILE', { failure: TORN });
    const scanned = await library.scan();
    expect(namesIn(library, scanned)).toEqual(['a.txt']);
    const { fingerprint: _, ...listed } = TORN;
    expect(scanned).toMatchObject({ toIngest: 1, failed: 1 });
    expect(scanned.failures).toEqual([{ path: library.folder.at('bad.txt'), ...listed }]);
  });

  test('is known by what the run recorded of it', async () => {
    await using library = await ScannedLibrary.of({ 'bad.txt': 'bad' });
    const [entry] = (await library.scan()).entries;
    if (!entry) throw new Error('the scan found no book');
    const { catalog, store } = library;
    const run = createRunActivities({ catalog, store, pipeline, sandboxLimits, limits, client: noClient });
    const { fingerprint: _, ...torn } = TORN;
    const failure = { ...torn, stage: 'extract', path: entry.path } as const;
    await runActivity(run.recordOutcome, {
      ...{ ...entry, library: 'default', outcome: { outcome: 'failed', failure } },
    });
    expect(catalog.books.get(entry.bookId)).toMatchObject({ mtimeMs: entry.mtimeMs, failure: TORN });
    expect(await library.scan()).toMatchObject({ toIngest: 0, failed: 1 });
  });

  test.each([
    ['its content changed', (at: string) => writeFile(at, 'mended')],
    ['its time changed', (at: string) => utimes(at, 1, 1)],
  ])('is tried again when %s', async (_, change) => {
    await using library = await ScannedLibrary.of({ 'bad.txt': 'bad' });
    await library.failed('bad.txt', 'CORRUPT_FILE', { failure: TORN });
    await change(library.folder.at('bad.txt'));
    expect(await library.scan()).toMatchObject({ toIngest: 1, failed: 0 });
  });

  test('is tried again by another pipeline, and within other limits', async () => {
    await using library = await ScannedLibrary.of({ 'bad.txt': 'bad' });
    await library.failed('bad.txt', 'CORRUPT_FILE', { failure: TORN });
    for (const changes of [{ pipeline: { extractor: 'e2' } }, { sandboxLimits: { timeoutMs: 9_000 } }])
      expect(await library.scan({}, library.activities(changes))).toMatchObject({ toIngest: 1, failed: 0 });
  });

  test.each(['SOURCE_UNREADABLE', 'STORE_REJECTED', 'EMBEDDING_FAILED', 'CHILD_LOST', 'NOT_A_CODE'])(
    'is not one that failed with %s',
    async (code) => {
      await using library = await ScannedLibrary.of({ 'bad.txt': 'bad' });
      await library.failed('bad.txt', code, { failure: { ...TORN, code } });
      expect(await library.scan()).toMatchObject({ toIngest: 1, failed: 0 });
    },
  );
});

describe('a retry', () => {
  async function shelf(): Promise<ScannedLibrary> {
    const library = await ScannedLibrary.of({
      'a.txt': 'a',
      'bad.txt': 'b',
      'lost.txt': 'c',
      'new.txt': 'd',
    });
    await library.ingested('a.txt');
    await library.failed('bad.txt', 'CORRUPT_FILE', { failure: TORN, updatedAtMs: 100 });
    await library.failed('lost.txt', 'CHILD_LOST', { updatedAtMs: 200 });
    return library;
  }

  test('takes the failed books of the library, without those whose content is at fault', async () => {
    await using library = await shelf();
    const scanned = await library.scan({ paths: undefined, retry: 'failed' });
    expect(namesIn(library, scanned)).toEqual(['lost.txt']);
    expect(scanned).toMatchObject({ toIngest: 1, failed: 0, unchanged: 0, retried: 1 });
  });

  test('of all takes those too', async () => {
    await using library = await shelf();
    const scanned = await library.scan({ paths: undefined, retry: 'all' });
    expect(namesIn(library, scanned).sort()).toEqual(['bad.txt', 'lost.txt']);
  });

  test('within a run takes what failed since, and for all what its scan passed over', async () => {
    await using library = await shelf();
    const since = async (retry: 'failed' | 'all', sinceMs: number, ...below: string[]) => {
      const scanned = await library.scan({ retry, sinceMs, paths: below.map(library.folder.at) });
      return namesIn(library, scanned).sort();
    };
    expect(await since('failed', 201, '')).toEqual([]);
    expect(await since('failed', 200, '')).toEqual(['lost.txt']);
    expect(await since('all', 200)).toEqual(['lost.txt']);
    expect(await since('all', 201, 'bad.txt')).toEqual(['bad.txt']);
    // The other one lies in the run's own list.
    expect(await since('all', 201, '')).toEqual(['bad.txt']);
    await writeFile(library.folder.at('bad.txt'), 'mended');
    expect(await since('all', 201, '')).toEqual([]);
  });

  test('of a folder that could not be read takes its books, each once', async () => {
    await using library = await ScannedLibrary.of({ 'in/a.txt': 'a', 'in/b.txt': 'b' });
    const failure = { stage: 'scan', code: 'SOURCE_UNREADABLE', message: 'x', attempts: 1 };
    await library.failed('in', 'SOURCE_UNREADABLE', { failure });
    await library.failed('in/a.txt', 'CHILD_LOST');
    const scanned = await library.scan({ paths: undefined, retry: 'failed' });
    expect(namesIn(library, scanned).sort()).toEqual(['in/a.txt', 'in/b.txt']);
    expect(library.catalog.books.has(library.idOf('in'))).toBe(false);
  });

  test('of a book whose file is gone says so', async () => {
    await using library = await ScannedLibrary.of({});
    await library.failed('gone.txt', 'CHILD_LOST');
    const scanned = await library.scan({ paths: undefined, retry: 'failed' });
    expect(scanned).toMatchObject({ toIngest: 0, failed: 1, failures: [{ code: 'SOURCE_MISSING' }] });
  });
});

describe('pruning', () => {
  /** Twenty books, of which some are gone. */
  async function shelf(gone: number): Promise<ScannedLibrary> {
    const names = Array.from({ length: 20 }, (_, n) => `shelf/${n}.txt`);
    const library = await ScannedLibrary.of(Object.fromEntries(names.map((name) => [name, name])));
    for (const name of names) {
      const { bookId } = await library.ingested(name);
      await library.store.upsert(bookPoints(bookId, 'r1', 2));
    }
    for (const name of names.slice(0, gone)) await rm(library.folder.at(name));
    return library;
  }

  test('removes the records and points of the books whose file is gone, when it is asked to', async () => {
    await using library = await shelf(2);
    expect(await library.scan()).toMatchObject({ pruned: 0 });
    expect(library.catalog.books.size).toBe(20);
    expect(await library.scan({ prune: true })).toMatchObject({ pruned: 2, unchanged: 18 });
    expect(library.catalog.books.size).toBe(18);
    expect(await library.store.count(library.idOf('shelf/0.txt'))).toBe(0);
    expect(library.store.points.size).toBe(36);
  });

  test('leaves a book alone at which a child of an earlier run is still at work: it would be put back', async () => {
    await using library = await shelf(2);
    library.runningIds.add(`ingest/default/${library.idOf('shelf/0.txt')}`);
    expect(await library.scan({ prune: true })).toMatchObject({ pruned: 1 });
    expect(await library.store.count(library.idOf('shelf/0.txt'))).toBe(2);
    library.runningIds.clear();
    expect(await library.scan({ prune: true })).toMatchObject({ pruned: 1 });
    expect(library.catalog.books.size).toBe(18);
  });

  test.each(['delete', 'remove'] as const)(
    'that is cut off at its first %s goes on where it was, counts every book, and shows none meanwhile',
    async (call) => {
      await using library = await shelf(2);
      const cutOff = async (): Promise<never> => {
        throw new ScriptoriumError('STORE_UNREACHABLE', 'gone for a while');
      };
      const spoiled =
        call === 'delete'
          ? jest.spyOn(library.store, 'delete').mockImplementation(cutOff)
          : jest.spyOn(library.catalog, 'remove').mockImplementation(cutOff);
      expect(await library.scanFailure({ prune: true })).toMatchObject({ code: 'STORE_UNREACHABLE' });
      const record = library.catalog.books.get(library.idOf('shelf/0.txt'));
      expect(record).toMatchObject({ revision: null, state: 'cancelled' });
      spoiled.mockRestore();
      expect(await library.scan({ prune: true })).toMatchObject({ pruned: 2, unchanged: 18 });
      expect(library.catalog.books.size).toBe(18);
      expect(library.store.points.size).toBe(36);
    },
  );

  test('of more than a tenth is refused, and removes nothing, unless it is forced', async () => {
    await using library = await shelf(3);
    const refused = await library.scanFailure({ prune: true });
    expect(refused.code).toBe('PRUNE_REFUSED');
    expect(refused.message).toContain('3 of the 20 books');
    expect(library.catalog.books.size).toBe(20);
    expect(library.store.points.size).toBe(40);
    expect(await library.scan({ prune: true, force: true })).toMatchObject({ pruned: 3 });
  });

  test('of more than a tenth below the paths is refused, however small a part of the library that is', async () => {
    const names = Array.from({ length: 120 }, (_, n) => `${n < 20 ? 'shelf' : 'other'}/${n}.txt`);
    await using library = await ScannedLibrary.of(Object.fromEntries(names.map((name) => [name, name])));
    for (const name of names) await library.ingested(name);
    const paths = [library.folder.at('shelf')];
    for (const name of names.slice(0, 10)) await rm(library.folder.at(name));
    await rm(library.folder.at('shelf/10.txt'));
    const refused = await library.scanFailure({ prune: true, paths });
    expect(refused).toMatchObject({
      code: 'PRUNE_REFUSED',
      message: expect.stringContaining('11 of the 20 books'),
    });
    expect(library.catalog.books.size).toBe(120);
    await writeFile(library.folder.at('shelf/10.txt'), 'shelf/10.txt');
    expect(await library.scan({ prune: true, paths })).toMatchObject({ pruned: 10 });
  });

  test.each([true, false])('touches nothing below a path that is gone itself (forced: %s)', async (force) => {
    await using library = await shelf(0);
    await rm(library.folder.at('shelf'), { recursive: true });
    await library.scan({ prune: true, force, paths: [library.folder.at('shelf')] });
    expect(library.store.points.size).toBe(40);
  });

  test('touches nothing below a folder that is empty: its disk may not be mounted', async () => {
    await using library = await shelf(20);
    await library.scan({ prune: true, force: true, paths: [library.folder.at('shelf')] });
    expect(library.store.points.size).toBe(40);
  });

  test('touches nothing outside of the paths', async () => {
    await using library = await shelf(2);
    await writeFile(library.folder.at('other.txt'), 'x');
    const paths = [library.folder.at('other.txt')];
    expect(await library.scan({ prune: true, paths })).toMatchObject({ pruned: 0 });
    expect(library.catalog.books.size).toBe(20);
  });
});

describe('what a run asks of its lists', () => {
  test('is found by id or path, behind an ordinal, over all of them', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' });
    const first = await library.scan();
    const second = await library.scan({ paths: [library.folder.at('b.txt')] });
    const manifests = [first, second].map(({ manifestKey: key, toIngest: count }) => ({ key, count }));
    const ordinals = async (from: number, ...books: string[]): Promise<number[]> => {
      const found = await resultOf(library.activities().findInManifest, { manifests, from, books });
      return found.map(({ ordinal }) => ordinal);
    };
    expect(await ordinals(0, library.idOf('b.txt'), library.folder.at('c.txt'))).toEqual([1, 2, 3]);
    expect(await ordinals(2, library.idOf('b.txt'))).toEqual([3]);
    expect(await ordinals(4, library.idOf('b.txt'))).toEqual([]);
    expect(await ordinals(0, 'unknown')).toEqual([]);
  });

  test('is told whether the catalog holds a book as it is now', async () => {
    await using library = await ScannedLibrary.of({ 'a.txt': 'a' });
    const check = (name: string, activities = library.activities()): Promise<boolean> =>
      resultOf(activities.checkBook, {
        ...{ library: 'default', bookId: library.idOf(name), path: library.folder.at(name) },
      });
    expect(await check('a.txt')).toBe(false);
    await library.ingested('a.txt');
    expect(await check('a.txt')).toBe(true);
    expect(await check('a.txt', library.activities({ pipeline: { chunker: 'c2' } }))).toBe(false);
    await writeFile(library.folder.at('a.txt'), 'changed');
    expect(await check('a.txt')).toBe(false);
    await library.ingested('gone.txt');
    expect(await check('gone.txt')).toBe(false);
  });
});
