import { ScriptoriumError } from './errors.ts';
import type { Catalog, LibraryRecord } from './ports/catalog.ts';

/**
 * Vectors of two models never meet: a library is pinned to the model of its first run.
 * @throws ScriptoriumError MODEL_MISMATCH
 */
export function requireModel({ library, embedderId }: LibraryRecord, configured: string): void {
  if (embedderId === configured) return;
  throw new ScriptoriumError(
    'MODEL_MISMATCH',
    `Library ${library} was embedded with ${embedderId}, and ${configured} is configured`,
  );
}

/**
 * For a book whose run began before the worker did: the model may be another one since.
 * @throws ScriptoriumError MODEL_MISMATCH
 */
export async function requireModelOf(catalog: Catalog, library: string, configured: string): Promise<void> {
  const pinned = await catalog.getLibrary(library);
  if (pinned) requireModel(pinned, configured);
}
