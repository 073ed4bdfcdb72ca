import { openLanceStores } from '../activities/adapters/lancedb/lance-stores.ts';
import { openQdrantStores, type QdrantStoreOptions } from '../activities/adapters/qdrant/qdrant-stores.ts';
import type { Catalog } from '../activities/ports/catalog.ts';
import type { VectorStore } from '../activities/ports/vector-store.ts';
import type { Config } from './config.ts';

export interface Stores {
  readonly store: VectorStore;
  readonly catalog: Catalog;
}

/** The store that is configured, for vectors of one model. */
export function openStores({ store, home }: Config, embedderId: string, dimensions: number): Promise<Stores> {
  if (store.kind === 'lancedb') return openLanceStores({ folder: home.store, embedderId, dimensions });
  return openQdrantStores(qdrantOptions(store, embedderId, dimensions));
}

type QdrantConfig = Extract<Config['store'], { kind: 'qdrant' }>;

export function qdrantServer({ url, apiKey }: QdrantConfig) {
  return { url, ...(apiKey && { apiKey }), prefix: 'scriptorium', timeoutMs: 30_000 };
}

export function qdrantOptions(
  store: QdrantConfig,
  embedderId: string,
  dimensions: number,
): QdrantStoreOptions {
  return { ...qdrantServer(store), embedderId, dimensions };
}
