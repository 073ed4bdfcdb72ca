/** Artifacts of a book as the stages write them, for tests that begin in the middle. */
import type { ArtifactStore } from '../../activities/ports/artifact-store.ts';
import type { Chunk } from '../../activities/ports/documents.ts';
import { vectorRecord } from '../../activities/vector-record.ts';

export function chunkOf(ordinal: number, text: string, more: Partial<Chunk> = {}): Chunk {
  return { ordinal, text, tokens: 4, page: null, section: [], ...more };
}

export async function writeChunks(
  artifacts: ArtifactStore,
  key: string,
  chunks: readonly Chunk[],
): Promise<void> {
  await using writer = await artifacts.create(key, 'test', 'fresh');
  await writer.append(chunks.map((chunk) => Buffer.from(JSON.stringify(chunk))));
  await writer.commit({});
}

export async function writeVectors(
  artifacts: ArtifactStore,
  key: string,
  vectors: readonly Float32Array[],
): Promise<void> {
  await using writer = await artifacts.create(key, 'test', 'fresh');
  await writer.append(vectors.map(vectorRecord));
  await writer.commit({});
}
