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
  /** Hash of a tokenizer that `embedderId` does not cover: one that was named for an endpoint. Absent where it is the default. */
  readonly tokenizer?: string | undefined;
  /** `Embedder.id`: the model, and of one in this process the tokenizer. */
  readonly embedderId: string;
  readonly dimensions: number;
}

/** A book is ingested again when this changes. */
export function fingerprintOf(pipeline: Pipeline): string {
  const { extractor, chunker, chunking, embedderId, tokenizer } = pipeline;
  return hashOf(
    'pipeline',
    extractor,
    chunker,
    `${chunking.maxTokens}/${chunking.overlapTokens}`,
    embedderId,
    ...(tokenizer ? [tokenizer] : []),
  );
}

/** @param path of the file, of whose name the reading may depend. Records of version 0.1, which name no artifacts, go without. */
export function pagesKeyOf(sha256: string, { extractor }: Pipeline, path = ''): string {
  const named = formatByName(path);
  return `pages/${hashOf(sha256, extractor, ...(named ? [named] : []))}`;
}

/** The same bytes are Markdown, a piece of HTML or plain text by what the file is called. */
function formatByName(path: string): string | null {
  if (/\.(?:md|markdown)$/i.test(path)) return 'markdown';
  return /\.x?html?$/i.test(path) ? 'html' : null;
}

export function chunksKeyOf(pagesKey: string, pipeline: Pipeline): string {
  const { chunker, chunking, embedderId, tokenizer } = pipeline;
  const size = `${chunking.maxTokens}/${chunking.overlapTokens}`;
  return `chunks/${hashOf(pagesKey, chunker, size, embedderId, ...(tokenizer ? [tokenizer] : []))}`;
}

export const vectorsKeyOf = (chunksKey: string, { embedderId }: Pick<Pipeline, 'embedderId'>): string =>
  `vectors/${hashOf(chunksKey, embedderId)}`;

export const revisionOf = (sha256: string, pipeline: Pipeline): string =>
  hashOf('revision', sha256, fingerprintOf(pipeline));
