/** Chunks artifact → vectors artifact: record n is the vector of chunk n, little-endian float32. */

import { STALL_MS, type StageLimits } from './attempt.ts';
import { openArtifact, parseChunk } from './chunk.ts';
import { type Pipeline, vectorsKeyOf } from './pipeline.ts';
import type { ArtifactStore, ArtifactWriter } from './ports/artifact-store.ts';
import type { Embedder } from './ports/embedder.ts';
import { ingestStage, type StageContext } from './stage.ts';

export interface EmbedPorts {
  readonly limits: StageLimits;
  readonly embedder: Embedder;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
  /** Chunks that are embedded and appended at once: what a crash costs. */
  readonly chunksPerBatch: number;
  /** Hears of every batch that is on disk. */
  onBatch(batch: { readonly path: string; readonly from: number; readonly to: number }): void;
}

export interface EmbedInput {
  readonly bookId: string;
  readonly path: string;
  readonly chunksKey: string;
}

export interface EmbeddedBook {
  readonly vectorsKey: string;
  /** Chunks that this attempt embedded; the others were there. */
  readonly embedded: number;
}

export type EmbedActivities = ReturnType<typeof createEmbedActivities>;

export function createEmbedActivities(ports: EmbedPorts) {
  return {
    embedBook: ingestStage(
      async (input: EmbedInput, context): Promise<EmbeddedBook> => {
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
  const already = writer.records;
  context.progress(already, chunks.records);
  let batch: string[] = [];
  for await (const record of chunks.read(already)) {
    context.signal.throwIfAborted();
    batch.push(parseChunk(record).text);
    if (batch.length < ports.chunksPerBatch) continue;
    await embedBatch(ports, input.path, writer, batch, context.signal);
    context.progress(writer.records, chunks.records);
    batch = [];
  }
  if (batch.length > 0) await embedBatch(ports, input.path, writer, batch, context.signal);
  await writer.commit({ dimensions: ports.embedder.dimensions });
  return writer.records - already;
}

async function embedBatch(
  ports: EmbedPorts,
  path: string,
  writer: ArtifactWriter,
  texts: readonly string[],
  signal: AbortSignal,
) {
  const from = writer.records;
  const vectors = await ports.embedder.embed(texts, { kind: 'passage', signal });
  await writer.append(
    vectors.map((vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)),
  );
  ports.onBatch({ path, from, to: writer.records });
}

/** A record of a vectors artifact. The bytes are copied, because a record need not lie at a multiple of four. */
export function parseVector(record: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(record).buffer);
}
