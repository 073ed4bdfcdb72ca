/** Mends what the store holds of one book, from its artifacts; nothing is embedded. */
import { artifactKeysOf } from './artifact-keys.ts';
import { batchesOf } from './batches.ts';
import { openArtifact } from './chunk.ts';
import { ScriptoriumError } from './errors.ts';
import { pagesSummary } from './extract.ts';
import type { Pipeline } from './pipeline.ts';
import { pointsOf } from './points.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { ArtifactKeys, BookRecord, Catalog } from './ports/catalog.ts';
import type { VectorStore } from './ports/vector-store.ts';
import type { StageContext } from './stage.ts';
import type { StoredBook } from './store.ts';

export interface RepairPorts {
  readonly catalog: Catalog;
  readonly store: VectorStore;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
}

/** What is wrong with the points of a book. */
export interface Wounds {
  /** Ids that no chunk of the book has. */
  readonly unknownIds: readonly string[];
  readonly stale: number;
  /** Chunks whose point is missing or there several times: the book is written again, which leaves each once. */
  readonly toWrite: number;
}

/** `gone`: the artifacts for it are. `changed`: somebody else took up the book, whose word is the newer one. */
export type Mending = 'mended' | 'gone' | 'changed';

/** Surplus and stale points go, and all that is missing is written again. */
export async function mendBook(
  ports: RepairPorts,
  record: BookRecord,
  { unknownIds, stale, toWrite }: Wounds,
  context: StageContext,
): Promise<Mending> {
  const { bookId, revision } = record;
  if (stale > 0) await ports.store.deleteStale(bookId, revision ?? 'none');
  await ports.store.deletePoints(bookId, unknownIds);
  if (toWrite === 0) return 'mended';
  const book = await storedBookOf(ports, record);
  const mending = book ? await write(ports, book, record, context) : 'gone';
  if (mending === 'gone') await markForIngestion(ports.catalog, record);
  return mending;
}

/** Otherwise the next ingestion would find the source unchanged, and pass over it. */
export async function markForIngestion(catalog: Catalog, { bookId, revision }: BookRecord): Promise<void> {
  const now = (await catalog.get([bookId])).get(bookId);
  if (now && now.revision === revision) await catalog.put({ ...now, pipeline: '' });
}

/** The book as the step that first wrote it was given it; null when an artifact for that is gone. */
async function storedBookOf(
  { artifacts, pipeline }: RepairPorts,
  record: BookRecord,
): Promise<StoredBook | null> {
  const { bookId, library, path, revision, sha256, bytes, mtimeMs, pages, chunks, title, author } = record;
  const keys = artifactKeysOf(record, pipeline);
  const summary = keys && (await summaryOf(artifacts, keys));
  if (!summary || revision === null) return null;
  const { format, language, year } = summary;
  return {
    ...{ bookId, library, path, revision, bytes, mtimeMs, pages, chunks, author, format, language, year },
    ...{ pagesKey: keys.pages, chunksKey: keys.chunks, vectorsKey: keys.vectors },
    ...{ sha256: sha256 ?? '', pipeline: record.pipeline, title: title ?? '' },
  };
}

/** Null when the pages are gone: language and year are known nowhere else. */
async function summaryOf(artifacts: ArtifactStore, { pages }: ArtifactKeys) {
  await using reader = await artifacts.open(pages);
  return reader && pagesSummary.parse(reader.summary);
}

/** `gone` when chunks or vectors turn out to be gone, damaged or too few. */
async function write(
  ports: RepairPorts,
  book: StoredBook,
  record: BookRecord,
  context: StageContext,
): Promise<Mending> {
  const { catalog, store, artifacts } = ports;
  try {
    await using chunks = await openArtifact(artifacts, book.chunksKey);
    if (chunks.records !== book.chunks) return 'gone';
    for await (const batch of batchesOf(pointsOf(artifacts, book), store.maxPointsPerWrite)) {
      context.signal.throwIfAborted();
      const now = (await catalog.get([book.bookId])).get(book.bookId);
      if (now?.revision !== record.revision || now?.updatedAtMs !== record.updatedAtMs) return 'changed';
      await store.upsert(batch);
    }
    return 'mended';
  } catch (error) {
    if (error instanceof ScriptoriumError && error.code === 'ARTIFACT_CORRUPT') return 'gone';
    throw error;
  }
}
