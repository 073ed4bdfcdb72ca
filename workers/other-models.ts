import type { Logger } from 'pino';
import type { Catalog } from '../activities/ports/catalog.ts';
import type { Embedder } from '../activities/ports/embedder.ts';

/**
 * Tells of libraries that were embedded with another model than this worker has: it leaves the steps of their books to workers with
 * that model, and where there is none these books wait.
 */
export async function tellOfOtherModels(
  {
    catalog,
    embedder,
  }: { readonly catalog: Pick<Catalog, 'listLibraries'>; readonly embedder: Pick<Embedder, 'id'> },
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  // A catalog that does not answer is told of by what needs it.
  const all = await catalog.listLibraries().catch(() => []);
  const others = all.filter(({ embedderId }) => embedderId !== embedder.id);
  if (others.length === 0) return;
  logger.warn(
    { libraries: others.slice(0, 10).map(({ library }) => library), all: others.length, model: embedder.id },
    'these libraries are of another model: this worker leaves their books to workers that have it, and where there is none they wait (`scriptorium model`)',
  );
}
