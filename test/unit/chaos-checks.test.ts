/** Each check of the chaos suite finds what it is there for: a suite that can't fail proves nothing. */
import { describe, expect, test } from '@jest/globals';
import {
  chunkerFingerprint,
  extractorFingerprint,
} from '../../activities/adapters/documents/fingerprints.ts';
import { bookIdOf, chunkIdOf, hashOf } from '../../activities/naming.ts';
import { chunksKeyOf, pagesKeyOf, vectorsKeyOf } from '../../activities/pipeline.ts';
import type { Artifacts } from '../chaos/artifact-files.ts';
import type { ExpectedBook } from '../chaos/books.ts';
import { artifactFaults, catalogFaults, countFaults, pointFaults } from '../chaos/checks.ts';
import { foreignHits } from '../chaos/running-checks.ts';
import type { Stored, StoredPoint, StoredRecord } from '../chaos/stored.ts';

const good: ExpectedBook = { path: '/b/good.txt', failure: null, unchanged: false, searchable: true };
const bad: ExpectedBook = { path: '/b/bad.pdf', failure: 'EMPTY_FILE', unchanged: false, searchable: false };
const bookId = bookIdOf('default', good.path);

const record: StoredRecord = {
  ...{ bookId, library: 'default', path: good.path, state: 'ingested', revision: 'r2' },
  ...{ sha256: 'aa', pages: 1, chunks: 2, failure: null },
};
const failed: StoredRecord = {
  ...{ bookId: bookIdOf('default', bad.path), library: 'default', path: bad.path, state: 'failed' },
  ...{ revision: null, sha256: null, pages: 0, chunks: 0, failure: { code: 'EMPTY_FILE' } },
};
const pointAt = (ordinal: number, revision = 'r2'): StoredPoint => ({
  ...{ id: chunkIdOf(bookId, revision, ordinal), bookId, revision, library: 'default', ordinal },
  ...{ text: `passage ${ordinal}`, path: good.path, vector: [1, 0] },
});
const stored: Stored = {
  points: [pointAt(0), pointAt(1)],
  records: [record, failed],
  libraries: [{ library: 'default', embedderId: 'model', dimensions: 2 }],
};
const withPoints = (...points: StoredPoint[]): Stored => ({ ...stored, points });

describe('the counts of a run', () => {
  const books = { total: 2, ingested: 1, unchanged: 0, failed: 1, cancelled: 0 };
  const failure = { path: bad.path, code: 'EMPTY_FILE', message: '' };
  const faults = (counts: object, code = 'EMPTY_FILE'): string[] =>
    countFaults({ books: { ...books, ...counts }, failures: [{ ...failure, code }] }, [good, bad]);

  test('that are right', () => expect(faults({})).toEqual([]));
  test('that lack a book', () => expect(faults({ ingested: 0 })).toHaveLength(1));
  test('with a failure of another reason', () => expect(faults({}, 'INTERNAL')).toHaveLength(1));
});

describe('a catalog', () => {
  const faults = (...records: StoredRecord[]): string[] => catalogFaults({ ...stored, records }, [good, bad]);

  test('that is right', () => expect(faults(record, failed)).toEqual([]));
  test.each<[string, StoredRecord[]]>([
    ['lacks a book', [record]],
    ['has a book twice', [record, record, failed]],
    ['has a book of nobody', [record, failed, { ...record, path: '/b/other' }]],
    ['has a failure of another reason', [record, { ...failed, failure: { code: 'INTERNAL' } }]],
    ['calls a good book failed', [{ ...record, state: 'failed', failure: { code: 'INTERNAL' } }, failed]],
    ['has a revision of a book that was never good', [record, { ...failed, revision: 'r1' }]],
  ])('that %s', (_, records) => expect(faults(...records)).not.toEqual([]));
});

describe('points', () => {
  const another = { ...pointAt(0), id: chunkIdOf(bookId, 'r2', 9) };
  test('that are right', () => expect(pointFaults(stored)).toEqual([]));
  test.each<[string, Stored, RegExp]>([
    ['one missing', withPoints(pointAt(0)), /1 of 2 points are missing/],
    ['one twice', withPoints(pointAt(0), pointAt(1), pointAt(1)), /1 points are there twice/],
    ['one stale', withPoints(pointAt(0), pointAt(1), pointAt(0, 'r1')), /not committed/],
    ['one too many', withPoints(pointAt(0), pointAt(1), pointAt(2)), /1 points too many/],
    ['an id that is not derived', withPoints(pointAt(0), pointAt(1), another), /not derived/],
    ['one of no book', withPoints(...stored.points, { ...pointAt(0), bookId: 'x' }), /belongs to no book/],
    ['one of another path', withPoints(pointAt(0), { ...pointAt(1), path: '/x' }), /another path/],
    ['success without chunks', { ...stored, points: [], records: [{ ...record, chunks: 0 }] }, /no chunks/],
  ])('with %s', (_, broken, fault) => expect(pointFaults(broken).join('\n')).toMatch(fault));
});

describe('artifacts', () => {
  const pipeline = {
    ...{ extractor: extractorFingerprint, chunker: chunkerFingerprint, tokenizerPath: '' },
    ...{ embedderId: 'model', dimensions: 2, chunking: { maxTokens: 256, overlapTokens: 32 } },
  };
  const pagesKey = pagesKeyOf('aa', pipeline);
  const chunksKey = chunksKeyOf(pagesKey, pipeline);
  const text = (ordinal: number): Buffer =>
    Buffer.from(JSON.stringify({ ordinal, text: `passage ${ordinal}` }));
  const vector = Buffer.from(new Float32Array([1, 0]).buffer);
  const files = new Map([
    [pagesKey, [Buffer.from('{}')]],
    [chunksKey, [text(0), text(1)]],
    [vectorsKeyOf(chunksKey, pipeline), [vector, vector]],
  ]);
  const faults = (change: Partial<Artifacts>): string[] =>
    artifactFaults({ whole: files, partial: [], faults: [], ...change }, stored);
  const changed = (key: string, records: Buffer[]): Partial<Artifacts> => ({
    whole: new Map([...files, [key, records]]),
  });

  test('that are right', () => expect(faults({})).toEqual([]));
  test.each<[string, Partial<Artifacts>]>([
    ['a damaged file', { faults: ['damaged'] }],
    ['a half-written file of an ingested book', { partial: [`/a/0123.${hashOf(bookId)}.partial`] }],
    ['a chunk less', changed(chunksKey, [text(0)])],
    ['another text', changed(chunksKey, [text(0), Buffer.from('{"ordinal":1,"text":"x"}')])],
    ['another vector', changed(vectorsKeyOf(chunksKey, pipeline), [vector, Buffer.alloc(8)])],
    ['no pages', changed(pagesKey, [])],
  ])('with %s', (_, change) => expect(faults(change)).toHaveLength(1));
});

describe('a search', () => {
  const found = (chunkId: string) => ({ hits: [{ chunkId, path: good.path }] });
  test('of committed chunks', () => expect(foreignHits(found(pointAt(1).id), stored)).toEqual([]));
  test('of another chunk', () => expect(foreignHits(found(pointAt(1, 'r1').id), stored)).toHaveLength(1));
  test('of nothing', () => expect(foreignHits({ hits: [] }, stored)).toHaveLength(1));
});
