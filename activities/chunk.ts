/** Pages artifact → chunks artifact: passages sized by the embedding model's own tokenizer. */
import { z } from 'zod';
import type { StageLimits } from './attempt.ts';
import { ScriptoriumError } from './errors.ts';
import { parsePage } from './extract.ts';
import { requireWorkerModel } from './library-model.ts';
import { chunksKeyOf, type Pipeline } from './pipeline.ts';
import type { ArtifactReader, ArtifactStore } from './ports/artifact-store.ts';
import type { Catalog } from './ports/catalog.ts';
import type { Chunk, ChunkPlace, DocumentSandbox, PageText } from './ports/documents.ts';
import { ingestStage, type StageContext } from './stage.ts';

export interface ChunkPorts {
  readonly limits: StageLimits;
  readonly sandbox: DocumentSandbox;
  readonly artifacts: ArtifactStore;
  readonly catalog: Pick<Catalog, 'getLibrary'>;
  readonly pipeline: Pipeline;
}

export interface ChunkInput {
  /** Absent in histories of before it was told. */
  readonly library?: string;
  readonly bookId: string;
  readonly path: string;
  readonly pagesKey: string;
}

export interface ChunkedBook {
  readonly chunksKey: string;
  readonly chunks: number;
}

export type ChunkActivities = ReturnType<typeof createChunkActivities>;

export function createChunkActivities(ports: ChunkPorts) {
  return {
    chunkBook: ingestStage(async (input: ChunkInput, context): Promise<ChunkedBook> => {
      await requireWorkerModel(ports.catalog, input.library, ports.pipeline.embedderId);
      const chunksKey = chunksKeyOf(input.pagesKey, ports.pipeline);
      const chunks =
        (await finished(ports, chunksKey)) ?? (await cutAnywhere(ports, input, chunksKey, context));
      if (chunks === 0) throw new ScriptoriumError('NO_TEXT', `${input.path} gives no passage`);
      return { chunksKey, chunks };
    }, ports.limits),
  };
}

async function finished({ artifacts }: ChunkPorts, key: string): Promise<number | null> {
  await using reader = await artifacts.open(key);
  return reader?.records ?? null;
}

/** Memory that other books left in a process is no fault of this one: it is cut once more in one of its own. */
async function cutAnywhere(
  ports: ChunkPorts,
  input: ChunkInput,
  key: string,
  context: StageContext,
): Promise<number> {
  const { signal } = context;
  try {
    return await cut(ports, input, key, { context, place: { signal } });
  } catch (error) {
    if (!(error instanceof ScriptoriumError) || error.code !== 'EXTRACTION_OUT_OF_MEMORY') throw error;
    return await cut(ports, input, key, { context, place: { signal, fresh: true } });
  }
}

async function cut(
  ports: ChunkPorts,
  input: ChunkInput,
  key: string,
  { context, place }: { readonly context: StageContext; readonly place: ChunkPlace },
): Promise<number> {
  const { chunking, tokenizerPath } = ports.pipeline;
  await using pages = await openArtifact(ports.artifacts, input.pagesKey);
  await using writer = await ports.artifacts.create(key, input.bookId, 'fresh');
  for await (const chunks of ports.sandbox.chunk(pagesIn(pages, context), chunking, tokenizerPath, place)) {
    await writer.append(chunks.map((chunk) => Buffer.from(JSON.stringify(chunk))));
  }
  await writer.commit({});
  return writer.records;
}

async function* pagesIn(reader: ArtifactReader, context: StageContext): AsyncGenerator<PageText> {
  let done = 0;
  for await (const record of reader.read()) {
    yield parsePage(record);
    context.progress(++done, reader.records);
  }
}

/** @throws ScriptoriumError ARTIFACT_CORRUPT when an artifact that an earlier step made is gone */
export async function openArtifact(artifacts: ArtifactStore, key: string): Promise<ArtifactReader> {
  const reader = await artifacts.open(key);
  if (!reader) throw new ScriptoriumError('ARTIFACT_CORRUPT', `The intermediate file ${key} is gone`);
  return reader;
}

const chunkRecord = z.object({
  ordinal: z.number(),
  text: z.string(),
  tokens: z.number(),
  page: z.object({ start: z.number(), end: z.number() }).nullable(),
  section: z.array(z.string()),
});

/** A record of a chunks artifact. */
export function parseChunk(record: Buffer): Chunk {
  return chunkRecord.parse(JSON.parse(record.toString()));
}
