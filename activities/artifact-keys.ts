/** Which artifacts a committed book was made of. */
import { chunksKeyOf, type Pipeline, pagesKeyOf, revisionOf, vectorsKeyOf } from './pipeline.ts';
import type { ArtifactKeys, BookRecord } from './ports/catalog.ts';

/** Null for a book without a committed revision, and for one of version 0.1 that another pipeline made. */
export function artifactKeysOf(record: BookRecord, pipeline: Pipeline): ArtifactKeys | null {
  const { revision, sha256, artifacts } = record;
  if (revision === null) return null;
  if (artifacts !== null) return artifacts;
  if (sha256 === null || revisionOf(sha256, pipeline) !== revision) return null;
  const pages = pagesKeyOf(sha256, pipeline);
  const chunks = chunksKeyOf(pages, pipeline);
  return { pages, chunks, vectors: vectorsKeyOf(chunks, pipeline) };
}
