import type { Catalog } from '../../ports/catalog.ts';
import type { VectorStore } from '../../ports/vector-store.ts';
import { LanceCatalog } from './catalog.ts';
import { openLanceDatabase } from './database.ts';
import { LanceVectorStore } from './vector-store.ts';

export interface LanceStoreOptions {
  /** Folder of the tables; made where it is missing. Several processes may use it at the same time. */
  readonly folder: string;
  /** `Embedder.id`: each embedder has a table of its own. */
  readonly embedderId: string;
  /** Length of a vector. */
  readonly dimensions: number;
}

/**
 * Opens the vector store and the catalog in one folder. The caller disposes of both; what was submitted before is
 * still written.
 * @throws ScriptoriumError STORE_UNREACHABLE when the folder cannot be made or written, DISK_FULL
 */
export async function openLanceStores(
  options: LanceStoreOptions,
): Promise<{ store: VectorStore; catalog: Catalog }> {
  const database = await openLanceDatabase(options.folder);
  const store = await LanceVectorStore.open(database, options.embedderId, options.dimensions);
  const catalog = await LanceCatalog.open(database);
  return { store, catalog };
}
