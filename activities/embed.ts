/** Chunks artifact → vectors artifact: record n is the vector of chunk n, little-endian float32. */

import { STALL_MS, type StageLimits } from './attempt.ts';
import { batchesOf } from './batches.ts';
import { openArtifact, parseChunk } from './chunk.ts';
import { ScriptoriumError } from './errors.ts';
import { KnownVectors } from './known-vectors.ts';
import { requireWorkerModel } from './library-model.ts';
import { type Pipeline, vectorsKeyOf } from './pipeline.ts';
import type { ArtifactStore } from './ports/artifact-store.ts';
import type { Catalog } from './ports/catalog.ts';
import type { Embedder, EmbedOptions } from './ports/embedder.ts';
import { ingestStage, type StageContext } from './stage.ts';
import { vectorRecord } from './vector-record.ts';

export interface EmbedPorts {
  readonly limits: StageLimits;
  readonly embedder: Embedder;
  readonly artifacts: ArtifactStore;
  /** Tells which revision of the book is committed: the vectors of its passages are used again. */
  readonly catalog: Catalog;
  readonly pipeline: Pipeline;
  /** Chunks that are embedded and appended at once: what a crash costs. */
  readonly chunksPerBatch: number;
  /** Hears of every batch that is on disk. */
  onBatch(batch: { readonly path: string; readonly from: number; readonly to: number }): void;
}

export interface EmbedInput {
  /** Absent in histories of before it was told. */
  readonly library?: string;
  readonly bookId: string;
  readonly path: string;
  readonly chunksKey: string;
  /** No revision of the book was committed when its run began. */
  readonly isNew?: boolean;
}

export interface EmbeddedBook {
  readonly vectorsKey: string;
  /** Chunks that this attempt embedded; the others were there, or in the committed revision. */
  readonly embedded: number;
}

export type EmbedActivities = ReturnType<typeof createEmbedActivities>;

export function createEmbedActivities(ports: EmbedPorts) {
  return {
    embedBook: ingestStage(
      async (input: EmbedInput, context): Promise<EmbeddedBook> => {
        await requireWorkerModel(ports.catalog, input.library, ports.pipeline.embedderId);
        const vectorsKey = vectorsKeyOf(input.chunksKey, ports.pipeline);
        await using finished = await ports.artifacts.open(vectorsKey);
        return { vectorsKey, embedded: finished ? 0 : await embed(ports, input, vectorsKey, context) };
      },
      { ...ports.limits, maxStallMs: STALL_MS },
    ),
  };
}

/** Goes on behind the last batch that is on disk: the artifact, not the heartbeat, says how far an attempt got. */
async function embed(
  ports: EmbedPorts,
  input: EmbedInput,
  key: string,
  context: StageContext,
): Promise<number> {
  await using chunks = await openArtifact(ports.artifacts, input.chunksKey);
  await using writer = await ports.artifacts.create(key, input.bookId, 'resume');
  const former = input.isNew ? undefined : (await ports.catalog.get([input.bookId])).get(input.bookId);
  await using known = await KnownVectors.of(ports.artifacts, former, ports.pipeline);
  context.progress(writer.records, chunks.records);
  let embedded = 0;
  for await (const records of batchesOf(chunks.read(writer.records), ports.chunksPerBatch)) {
    context.signal.throwIfAborted();
    const texts = records.map((record) => parseChunk(record).text);
    const from = writer.records;
    const there = (await known?.of(texts)) ?? new Map<number, Float32Array>();
    // Where a device is slow the chunks of one batch may take minutes, beside those of other books.
    const onSome = (): void => context.progress(writer.records, chunks.records);
    await writer.append(await vectorsOf(ports.embedder, texts, there, { signal: context.signal, onSome }));
    embedded += texts.length - there.size;
    ports.onBatch({ path: input.path, from, to: writer.records });
    context.progress(writer.records, chunks.records);
  }
  await writer.commit({ dimensions: ports.embedder.dimensions });
  return embedded;
}

/** The vector of each text as bytes; those that are there already, by the position of their text, are not embedded. */
async function vectorsOf(
  embedder: Embedder,
  texts: readonly string[],
  there: ReadonlyMap<number, Float32Array>,
  options: Pick<EmbedOptions, 'signal' | 'onSome'>,
): Promise<Uint8Array[]> {
  const missing = texts.filter((_, position) => !there.has(position));
  const made = missing.length === 0 ? [] : await embedder.embed(missing, { kind: 'passage', ...options });
  const next = made.values();
  return texts.map((_, position) => {
    const vector = there.get(position) ?? next.next().value;
    if (!vector)
      throw new ScriptoriumError('EMBEDDING_FAILED', `${missing.length} texts gave ${made.length} vectors`);
    return vectorRecord(vector);
  });
}
