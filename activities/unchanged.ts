import { isDeepStrictEqual } from 'node:util';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import { sha256OfFile } from './sources/source-file.ts';

/** A source as it is now. */
export interface SourceFacts {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
}

/**
 * True when the catalog holds the source as it is now, ingested under the pipeline of that fingerprint: same size and
 * time, or else the same content, for a touched file is not a changed one. Its record then gets the new time.
 */
export async function isUnchanged(
  source: SourceFacts,
  record: BookRecord | undefined,
  { catalog, pipeline, signal }: { catalog: Catalog; pipeline: string; signal: AbortSignal },
): Promise<boolean> {
  if (record?.state !== 'ingested' || record.pipeline !== pipeline || record.bytes !== source.bytes)
    return false;
  if (record.mtimeMs === source.mtimeMs) return true;
  const sha256 = await sha256OfFile(source.path, signal).catch(() => null);
  if (sha256 !== record.sha256) return false;
  // To hash a book takes seconds: it may have been removed meanwhile, or marked for another ingestion.
  const now = (await catalog.get([record.bookId])).get(record.bookId);
  if (!now || !isDeepStrictEqual(now, record)) return false;
  await catalog.put({ ...now, mtimeMs: source.mtimeMs });
  return true;
}
