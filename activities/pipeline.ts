import { hashOf } from './naming.ts';
import type { ChunkOptions } from './ports/documents.ts';

/** Everything that changes the chunks or vectors of a book. */
export interface Pipeline {
  /** Version of the extractors. */
  readonly extractor: string;
  /** Version of the chunker. */
  readonly chunker: string;
  readonly chunking: ChunkOptions;
  /** Path of the embedding model's `tokenizer.json`. */
  readonly tokenizerPath: string;
  /** `Embedder.id`, which covers model and tokenizer. */
  readonly embedderId: string;
  readonly dimensions: number;
}

/** A book is ingested again when this changes. */
export function fingerprintOf(pipeline: Pipeline): string {
  const { extractor, chunker, chunking, embedderId } = pipeline;
  return hashOf(
    'pipeline',
    extractor,
    chunker,
    `${chunking.maxTokens}/${chunking.overlapTokens}`,
    embedderId,
  );
}

export const pagesKeyOf = (sha256: string, { extractor }: Pipeline): string =>
  `pages/${hashOf(sha256, extractor)}`;

export function chunksKeyOf(pagesKey: string, { chunker, chunking, embedderId }: Pipeline): string {
  return `chunks/${hashOf(pagesKey, chunker, `${chunking.maxTokens}/${chunking.overlapTokens}`, embedderId)}`;
}

export const vectorsKeyOf = (chunksKey: string, { embedderId }: Pipeline): string =>
  `vectors/${hashOf(chunksKey, embedderId)}`;

export const revisionOf = (sha256: string, pipeline: Pipeline): string =>
  hashOf('revision', sha256, fingerprintOf(pipeline));
