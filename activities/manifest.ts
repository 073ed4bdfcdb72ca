/** The list of a run's books: an artifact with one entry a record. */
import { normalize } from 'node:path';
import { z } from 'zod';
import type { ManifestEntry } from '../workflows/contract.ts';
import { openArtifact } from './chunk.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { StageContext } from './stage.ts';

const manifestEntry = z.object({
  bookId: z.string(),
  path: z.string(),
  bytes: z.number(),
  // Those of version 0.1 have none.
  mtimeMs: z.number().optional(),
  isNew: z.literal(true).optional(),
});

export function manifestRecord(entry: ManifestEntry): Buffer {
  return Buffer.from(JSON.stringify(entry));
}

export interface ManifestInput {
  readonly manifestKey: string;
  readonly from: number;
  readonly limit: number;
}

/** @throws ScriptoriumError ARTIFACT_CORRUPT */
export async function readEntries(
  artifacts: ArtifactStore,
  { manifestKey, from, limit }: ManifestInput,
): Promise<ManifestEntry[]> {
  await using reader = await openArtifact(artifacts, manifestKey);
  const entries: ManifestEntry[] = [];
  for await (const record of reader.read(from)) {
    entries.push(parseEntry(record));
    if (entries.length === limit) break;
  }
  return entries;
}

export interface FindInput {
  /** Lists that follow one another, each with the number of its entries. */
  readonly manifests: readonly { readonly key: string; readonly count: number }[];
  /** First ordinal, over all lists, that is of interest. */
  readonly from: number;
  /** Ids or absolute paths. */
  readonly books: readonly string[];
}

export interface FoundEntry {
  /** Position over all lists. */
  readonly ordinal: number;
  readonly entry: ManifestEntry;
}

/** Where in the lists the named books stand, in order. @throws ScriptoriumError ARTIFACT_CORRUPT */
export async function findEntries(
  artifacts: ArtifactStore,
  { manifests, from, books }: FindInput,
  context: StageContext,
): Promise<FoundEntry[]> {
  const named = new Set(books.flatMap((book) => [book, normalize(book)]));
  const found: FoundEntry[] = [];
  let before = 0;
  for (const { key, count } of manifests) {
    if (before + count > from) {
      const first = Math.max(0, from - before);
      for await (const { ordinal, entry } of entriesFrom(artifacts, key, first)) {
        context.signal.throwIfAborted();
        if (named.has(entry.bookId) || named.has(entry.path))
          found.push({ ordinal: before + ordinal, entry });
      }
    }
    before += count;
    context.progress(before, null);
  }
  return found;
}

async function* entriesFrom(artifacts: ArtifactStore, key: string, from: number): AsyncGenerator<FoundEntry> {
  await using reader = await openArtifact(artifacts, key);
  let ordinal = from;
  for await (const record of reader.read(from)) yield { ordinal: ordinal++, entry: parseEntry(record) };
}

function parseEntry(record: Buffer): ManifestEntry {
  const { mtimeMs, isNew, ...entry } = manifestEntry.parse(JSON.parse(record.toString()));
  return { ...entry, ...(mtimeMs !== undefined && { mtimeMs }), ...(isNew && { isNew }) };
}
