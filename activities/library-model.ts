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

/** @throws ScriptoriumError MODEL_MISMATCH */
export async function requireModelOf(catalog: Catalog, library: string, configured: string): Promise<void> {
  const pinned = await catalog.getLibrary(library);
  if (pinned) requireModel(pinned, configured);
}

/** Libraries of a catalog that were found to have the model of this process: what a library is pinned to never changes. */
const matching = new WeakMap<object, Set<string>>();

/**
 * For a step of a book: its run has found the right model, so it is this worker that has another one, and the step waits for
 * a worker that has the library's. Nothing is required where `library` is not told.
 * @throws ScriptoriumError WORKER_MODEL_MISMATCH
 */
export async function requireWorkerModel(
  catalog: Pick<Catalog, 'getLibrary'>,
  library: string | undefined,
  configured: string,
): Promise<void> {
  if (library === undefined) return;
  const known = matching.get(catalog) ?? new Set();
  if (known.has(library)) return;
  const pinned = await catalog.getLibrary(library);
  if (!pinned) return;
  if (pinned.embedderId !== configured)
    throw new ScriptoriumError(
      'WORKER_MODEL_MISMATCH',
      `Library ${library} was embedded with ${pinned.embedderId}, and this worker has ${configured}`,
    );
  matching.set(catalog, known.add(library));
}
