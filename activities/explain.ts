/** What is known of a book, a chunk or a library, and where it came from. */
import { validate as isUuid } from 'uuid';
import { ingestLibraryId } from '../workflows/contract.ts';
import type { BookExplanation, ChunkExplanation, Explained } from '../workflows/upkeep-contract.ts';
import { artifactKeysOf } from './artifact-keys.ts';
import { summaryOf } from './catalog.ts';
import { ScriptoriumError } from './errors.ts';
import { bookIdOf } from './naming.ts';
import { fingerprintOf, type Pipeline } from './pipeline.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import type { StoredPassage, VectorStore } from './ports/vector-store.ts';
import { questionStage } from './stage.ts';

export interface ExplainPorts {
  readonly catalog: Catalog;
  readonly store: VectorStore;
  readonly pipeline: Pipeline;
}

export interface ExplainSubject {
  readonly id: string;
  readonly path?: string | undefined;
  readonly library: string;
}

/** `ingest/LIBRARY` is a run; `ingest/LIBRARY/BOOK` is a book's ingestion. */
const workflowId = /^ingest\/([^/]+)(?:\/([^/]+))?$/;

export type ExplainActivities = ReturnType<typeof createExplainActivities>;

export function createExplainActivities(ports: ExplainPorts) {
  return {
    /** @throws BOOK_NOT_FOUND when the id is nothing's */
    explainSubject: questionStage(async (subject: ExplainSubject): Promise<Explained> => {
      const [, named, bookId] = workflowId.exec(subject.id) ?? [];
      const found =
        (await byId(ports, bookId ?? subject.id)) ??
        (await byPath(ports, subject)) ??
        (await byLibrary(ports, named ?? subject.id));
      if (found) return found;
      throw new ScriptoriumError('BOOK_NOT_FOUND', `Nothing is known of ${subject.id}`);
    }),
  };
}

async function byId(ports: ExplainPorts, id: string): Promise<Explained | null> {
  if (!isUuid(id)) return null;
  const record = (await ports.catalog.get([id])).get(id);
  if (record) return { kind: 'book', book: await explained(ports, record) };
  const [passage] = await ports.store.get([id]);
  if (!passage) return null;
  const book = (await ports.catalog.get([passage.bookId])).get(passage.bookId);
  return {
    kind: 'chunk',
    chunk: chunkOf(passage, book),
    book: book ? await explained(ports, book) : null,
  };
}

async function byPath(ports: ExplainPorts, { id, path, library }: ExplainSubject): Promise<Explained | null> {
  const ids = [id, ...(path === undefined ? [] : [path])].map((name) => bookIdOf(library, name));
  const [record] = (await ports.catalog.get(ids)).values();
  return record ? { kind: 'book', book: await explained(ports, record) } : null;
}

async function byLibrary({ catalog }: ExplainPorts, library: string): Promise<Explained | null> {
  const record = await catalog.getLibrary(library);
  return record && { kind: 'run', workflowId: ingestLibraryId(library), ...record };
}

async function explained({ store, pipeline }: ExplainPorts, record: BookRecord): Promise<BookExplanation> {
  const { bookId, revision, format, sha256, bytes, mtimeMs, updatedAtMs } = record;
  return {
    ...summaryOf(record),
    ...{ format, sha256, bytes, mtimeMs, updatedAtMs },
    pipeline: record.pipeline,
    currentPipeline: fingerprintOf(pipeline),
    artifacts: artifactKeysOf(record, pipeline),
    points: revision === null ? 0 : await store.count(bookId, revision),
    workflowId: record.workflowId,
  };
}

function chunkOf(passage: StoredPassage, book: BookRecord | undefined): ChunkExplanation {
  const { id: chunkId, ordinal, page, section, text, revision } = passage;
  return { chunkId, ordinal, page, section, text, revision, searchable: book?.revision === revision };
}
