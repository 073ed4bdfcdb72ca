/** The text of a book, page by page or chunk by chunk, out of the intermediate files of its committed revision. */
import type { z } from 'zod';
import {
  type ChunkOfBook,
  type ChunksOfBook,
  MAX_READ_TEXT,
  type PageOfBook,
  type readBookInput,
} from '../workflows/book-contract.ts';
import { artifactKeysOf } from './artifact-keys.ts';
import { parseChunk } from './chunk.ts';
import { ScriptoriumError } from './errors.ts';
import { parsePage } from './extract.ts';
import type { Pipeline } from './pipeline.ts';
import type { ArtifactReader, ArtifactStore } from './ports/artifact-store.ts';
import type { ArtifactKeys, Catalog } from './ports/catalog.ts';
import { questionStage } from './stage.ts';
import { clip } from './text/clip.ts';

export interface ReadPorts {
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
}

export type ReadBookActivities = ReturnType<typeof createReadBookActivities>;

export function createReadBookActivities(ports: ReadPorts) {
  return {
    readBookText: questionStage(
      async (input: z.output<typeof readBookInput>): Promise<PageOfBook | ChunksOfBook> =>
        input.what === 'page'
          ? await readPage(ports, input.bookId, input.n)
          : await readChunks(ports, input.bookId, input.after, input.limit),
    ),
  };
}

/**
 * A page, or section, of what searches give of the book. One of more than `MAX_READ_TEXT` is cut off there.
 * @param n from 1
 * @throws ScriptoriumError BOOK_NOT_FOUND, PAGE_NOT_FOUND, ARTIFACT_CORRUPT
 */
export async function readPage(ports: ReadPorts, bookId: string, n: number): Promise<PageOfBook> {
  await using pages = await openText(ports, bookId, 'pages');
  for await (const record of n <= pages.records ? pages.read(n - 1) : []) {
    const { page, section, text } = parsePage(record);
    return { bookId, n, of: pages.records, page, section: [...section], text: clip(text, MAX_READ_TEXT) };
  }
  throw new ScriptoriumError(
    'PAGE_NOT_FOUND',
    `The book ${bookId} has ${pages.records} pages, and no page ${n}`,
  );
}

/**
 * Chunks after an ordinal, `limit` at most, and fewer where their text would pass `MAX_READ_TEXT`.
 * @param after −1: from the first
 * @throws ScriptoriumError BOOK_NOT_FOUND, PAGE_NOT_FOUND when their text is kept no more, ARTIFACT_CORRUPT
 */
export async function readChunks(
  ports: ReadPorts,
  bookId: string,
  after: number,
  limit: number,
): Promise<ChunksOfBook> {
  await using reader = await openText(ports, bookId, 'chunks');
  const chunks: ChunkOfBook[] = [];
  let length = 0;
  // Behind the last one there is nothing to be read.
  for await (const record of after + 1 < reader.records ? reader.read(after + 1) : []) {
    const chunk = parseChunk(record);
    length += chunk.text.length;
    if (chunks.length > 0 && length > MAX_READ_TEXT) break;
    chunks.push({ ...chunk, section: [...chunk.section] });
    if (chunks.length === limit) break;
  }
  const last = chunks.at(-1)?.ordinal ?? reader.records - 1;
  return { chunks, next: last < reader.records - 1 ? last : null };
}

async function openText(
  { catalog, artifacts, pipeline }: ReadPorts,
  bookId: string,
  kind: keyof Pick<ArtifactKeys, 'pages' | 'chunks'>,
): Promise<ArtifactReader> {
  const record = (await catalog.get([bookId])).get(bookId);
  if (!record) throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${bookId}`);
  const keys = artifactKeysOf(record, pipeline);
  const reader = keys && (await artifacts.open(keys[kind]));
  if (reader) return reader;
  const why = record.revision === null ? 'it was never ingested' : 'it was dropped';
  throw new ScriptoriumError('PAGE_NOT_FOUND', `There is no text of ${record.path}: ${why}`);
}
