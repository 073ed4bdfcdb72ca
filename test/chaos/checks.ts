/** What must hold after a run, whatever happened meanwhile. Each check gives what is wrong, a line each; none is right. */
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import {
  chunkerFingerprint,
  extractorFingerprint,
} from '../../activities/adapters/documents/fingerprints.ts';
import { hashOf } from '../../activities/naming.ts';
import { chunksKeyOf, type Pipeline, pagesKeyOf, vectorsKeyOf } from '../../activities/pipeline.ts';
import type { Artifacts } from './artifact-files.ts';
import type { ExpectedBook } from './books.ts';
import type { Stored, StoredPoint, StoredRecord } from './stored.ts';

export const runResult = z.object({
  books: z.object({
    ...{ total: z.number(), ingested: z.number(), unchanged: z.number() },
    ...{ failed: z.number(), cancelled: z.number() },
  }),
  failures: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
});
export type RunResult = z.infer<typeof runResult>;

/** Every book accounted for, each as planned. */
export function countFaults({ books, failures }: RunResult, expected: readonly ExpectedBook[]): string[] {
  const failed = expected.filter(({ failure }) => failure !== null);
  const unchanged = expected.filter((book) => book.unchanged).length;
  const wanted = {
    ...{ total: expected.length, ingested: expected.length - failed.length - unchanged },
    ...{ unchanged, failed: failed.length, cancelled: 0 },
  };
  const counts = JSON.stringify(books) === JSON.stringify(wanted) ? [] : [`counted ${told(books)}`];
  const wrong = failures.filter(
    ({ path, code }) => !failed.some((book) => book.path === path && book.failure === code),
  );
  return [
    ...counts.map((line) => `${line}; should be ${told(wanted)}`),
    ...wrong.map(({ path, code, message }) => `${path} failed: ${code}: ${message}`),
  ];
}

/** One record for each planned book and no other, in the state that was planned. */
export function catalogFaults({ records }: Stored, expected: readonly ExpectedBook[]): string[] {
  const paths = new Set(expected.map(({ path }) => path));
  const foreign = records.filter(({ path }) => !paths.has(path)).map(({ path }) => `a record of ${path}`);
  const wrong = expected.flatMap(({ path, failure, searchable }) => {
    const [record, ...others] = records.filter((each) => each.path === path);
    if (!record) return [`${path} has no record`];
    const state = failure === null ? 'ingested' : 'failed';
    return [
      ...(others.length > 0 ? [`${path} has ${others.length + 1} records`] : []),
      ...(record.state === state ? [] : [`${path} is ${record.state}, not ${state}`]),
      ...((record.failure?.code ?? null) === failure
        ? []
        : [`${path}: ${record.failure?.code}, not ${failure}`]),
      ...((record.revision !== null) === searchable ? [] : [`${path} has the revision ${record.revision}`]),
    ];
  });
  return [...foreign, ...wrong];
}

/** Each chunk of each committed revision exactly once, under its derived id, and nothing else. */
export function pointFaults({ points, records }: Stored): string[] {
  const known = new Map(records.map((record) => [record.bookId, record]));
  const foreign = points.filter(({ bookId }) => !known.has(bookId));
  const byBook = Map.groupBy(points, ({ bookId }) => bookId);
  return [
    ...foreign.map(({ id, path }) => `point ${id} of ${path} belongs to no book`),
    ...records.flatMap((record) => bookFaults(record, byBook.get(record.bookId) ?? [])),
  ];
}

function bookFaults(record: StoredRecord, points: readonly StoredPoint[]): string[] {
  const { path, revision, bookId, chunks } = record;
  const wanted = chunkIds(record);
  const named = new Set(wanted);
  const stale = points.filter((point) => point.revision !== revision);
  const current = points.filter((point) => point.revision === revision);
  const ids = new Set(current.map(({ id }) => id));
  const misnamed = current.filter(({ id, ordinal }) => uuidv5(`${revision}\n${ordinal}`, bookId) !== id);
  const elsewhere = current.filter((point) => point.path !== path || point.library !== record.library);
  const missing = wanted.filter((id) => !ids.has(id));
  const surplus = [...ids].filter((id) => !named.has(id));
  const twice = current.length - ids.size;
  return [
    ...(chunks > 0 || revision === null ? [] : [`${path}: no chunks`]),
    ...(stale.length > 0 ? [`${path}: ${stale.length} points of revisions that are not committed`] : []),
    ...(twice > 0 ? [`${path}: ${twice} points are there twice`] : []),
    ...(missing.length > 0 ? [`${path}: ${missing.length} of ${chunks} points are missing`] : []),
    ...(surplus.length > 0 ? [`${path}: ${surplus.length} points too many`] : []),
    ...(misnamed.length > 0 ? [`${path}: ${misnamed.length} ids that are not derived`] : []),
    ...(elsewhere.length > 0 ? [`${path}: ${elsewhere.length} points of another path or library`] : []),
  ];
}

/** Ids that searches may return of a book. */
export function chunkIds({ bookId, revision, chunks }: StoredRecord): string[] {
  if (revision === null) return [];
  return Array.from({ length: chunks }, (_, ordinal) => uuidv5(`${revision}\n${ordinal}`, bookId));
}

const chunkText = z.object({ ordinal: z.number(), text: z.string() });

/** Whole files; of an ingested book as many chunks as vectors as points, and all three say the same. */
export function artifactFaults(artifacts: Artifacts, stored: Stored): string[] {
  const ingested = stored.records.filter(({ state }) => state === 'ingested');
  const owners = new Set(ingested.map(({ bookId }) => hashOf(bookId)));
  const left = artifacts.partial.filter((path) => owners.has(path.split('.').at(-2) ?? ''));
  const points = Map.groupBy(stored.points, ({ bookId }) => bookId);
  return [
    ...artifacts.faults,
    ...left.map((path) => `${path} was left behind by a book that is ingested`),
    ...ingested.flatMap((record) =>
      contentFaults(artifacts, pipelineOf(stored, record), record, points.get(record.bookId) ?? []),
    ),
  ];
}

function contentFaults(
  { whole }: Artifacts,
  pipeline: Pipeline,
  { path, sha256, chunks, pages }: StoredRecord,
  points: readonly StoredPoint[],
): string[] {
  const pagesKey = pagesKeyOf(sha256 ?? '', pipeline, path);
  const chunksKey = chunksKeyOf(pagesKey, pipeline);
  const texts = whole.get(chunksKey)?.map((record) => chunkText.parse(JSON.parse(record.toString())));
  const vectors = whole.get(vectorsKeyOf(chunksKey, pipeline));
  const counts = [whole.get(pagesKey)?.length, texts?.length, vectors?.length];
  if (JSON.stringify(counts) !== JSON.stringify([pages, chunks, chunks]))
    return [`${path}: artifacts of ${counts.join('/')} records, not ${[pages, chunks, chunks].join('/')}`];
  const differ = points.filter(
    ({ ordinal, text, vector }) =>
      texts?.[ordinal]?.ordinal !== ordinal ||
      texts[ordinal].text !== text ||
      !isNear(vector, vectors?.[ordinal]),
  );
  return differ.length > 0 ? [`${path}: ${differ.length} points differ from their artifacts`] : [];
}

/** Stores may normalise a vector again. */
function isNear(vector: readonly number[], record: Buffer | undefined): boolean {
  if (record?.byteLength !== vector.length * 4) return false;
  return vector.every((value, at) => Math.abs(value - record.readFloatLE(at * 4)) < 1e-5);
}

/** The stack runs with the standard settings. */
function pipelineOf({ libraries }: Stored, { library }: StoredRecord): Pipeline {
  const pinned = libraries.find((each) => each.library === library);
  return {
    ...{ extractor: extractorFingerprint, chunker: chunkerFingerprint, tokenizerPath: '' },
    ...{ embedderId: pinned?.embedderId ?? '', dimensions: pinned?.dimensions ?? 0 },
    chunking: { maxTokens: 256, overlapTokens: 32 },
  };
}

const told = (counts: object): string => JSON.stringify(counts);
