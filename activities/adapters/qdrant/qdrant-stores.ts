import type { Catalog } from '../../ports/catalog.ts';
import type { VectorStore } from '../../ports/vector-store.ts';
import { QdrantCatalog } from './catalog.ts';
import { QdrantConnection, type QdrantConnectionOptions } from './connection.ts';
import { pointCollectionName, QdrantVectorStore, unnamedCollectionName } from './vector-store.ts';

export interface QdrantStoreOptions extends QdrantConnectionOptions {
  /** `Embedder.id`: each embedder has a collection of its own. */
  readonly embedderId: string;
  /** Length of a vector. */
  readonly dimensions: number;
  /** Begin of every collection's name, so that several installations can share a server. */
  readonly prefix: string;
}

/**
 * Opens the vector store and the catalog on one server, making their collections where they are missing.
 * @throws ScriptoriumError INVALID_CONFIG for a bad URL, STORE_UNREACHABLE, STORE_REJECTED
 */
export async function openQdrantStores(
  options: QdrantStoreOptions,
): Promise<{ store: VectorStore; catalog: Catalog }> {
  const { prefix, embedderId, dimensions } = options;
  const qdrant = new QdrantConnection(options);
  const collection = pointCollectionName(prefix, embedderId, dimensions);
  const unnamed = unnamedCollectionName(prefix, embedderId, dimensions);
  const store = await QdrantVectorStore.open(qdrant, collection, dimensions, unnamed);
  const catalog = await QdrantCatalog.open(qdrant, prefix);
  return { store, catalog };
}
