import type { QdrantClient } from '@qdrant/js-client-rest';
import { validate as isUuid } from 'uuid';
import type {
  PointKey,
  SearchFilter,
  StoredHit,
  StoredPassage,
  StoredPoint,
  Upkeep,
  VectorStore,
} from '../../ports/vector-store.ts';
import { modelHash } from '../model-hash.ts';
import { requirePoints, requireVector } from '../point-checks.ts';
import type { QdrantConnection } from './connection.ts';
import { matches, type PointFilter, payloadIndexes, pointFilter } from './filters.ts';
import { DENSE, KEY_FIELDS, keyOf, passageOf, pointCollection, pointStruct, WORDS } from './point-structs.ts';
import { moveUnnamedPoints } from './upgrade.ts';
import { questionWords } from './word-vectors.ts';

type QueryRequest = Parameters<QdrantClient['query']>[1];

/** Vectors travel as JSON, about 10 KB a point: 64 to 256 points a request are what Qdrant advises. */
const MAX_POINTS_PER_WRITE = 128;

/** Keys are about 200 bytes of JSON each. */
const POINTS_PER_PAGE = 1_000;
/** Rounded vectors may miss a neighbour: so many times the limit are compared exactly. */
const OVERSAMPLING = 3;

/** Vectors of two models never share a collection: its name holds a hash of the embedder's id and the vector size. */
export function pointCollectionName(prefix: string, embedderId: string, dimensions: number): string {
  return `${prefix}-passages-${modelHash(embedderId, dimensions)}`;
}

/** Name that the collection had in version 0.1, whose points had one vector without a name. */
export function unnamedCollectionName(prefix: string, embedderId: string, dimensions: number): string {
  return `${prefix}-points-${modelHash(embedderId, dimensions)}`;
}

/** The vector store in a Qdrant server. Every write waits until the server has applied it. */
export class QdrantVectorStore implements VectorStore {
  readonly maxPointsPerWrite = MAX_POINTS_PER_WRITE;
  readonly #qdrant: QdrantConnection;
  readonly #collection: string;
  readonly #dimensions: number;

  private constructor(qdrant: QdrantConnection, collection: string, dimensions: number) {
    this.#qdrant = qdrant;
    this.#collection = collection;
    this.#dimensions = dimensions;
  }

  /**
   * Makes the collection where it is missing; points of version 0.1, in the collection `unnamed`, are moved into it.
   * @throws ScriptoriumError STORE_UNREACHABLE, STORE_REJECTED
   */
  static async open(
    qdrant: QdrantConnection,
    collection: string,
    dimensions: number,
    unnamed?: string,
  ): Promise<QdrantVectorStore> {
    await qdrant.ensureCollection(collection, pointCollection(dimensions), payloadIndexes);
    if (unnamed !== undefined && (await qdrant.exists(unnamed)))
      await moveUnnamedPoints(qdrant, unnamed, collection);
    return new QdrantVectorStore(qdrant, collection, dimensions);
  }

  async upsert(points: readonly StoredPoint[]): Promise<void> {
    requirePoints(points, this.#dimensions);
    for (let from = 0; from < points.length; from += MAX_POINTS_PER_WRITE) {
      const batch = points.slice(from, from + MAX_POINTS_PER_WRITE).map(pointStruct);
      await this.#qdrant.call(`write ${batch.length} points`, (client) =>
        client.upsert(this.#collection, { wait: true, points: batch }),
      );
    }
  }

  async count(bookId: string, revision?: string): Promise<number> {
    return await this.#count(revisionsOf(bookId, revision));
  }

  async deleteStale(bookId: string, revision: string): Promise<number> {
    const filter = { must: [matches('bookId', bookId)], must_not: [matches('revision', revision)] };
    const stale = await this.#count(filter);
    // Always: a write whose answer was not waited for may still be in the server's queue, and the deletion comes behind it.
    await this.#delete(filter);
    return stale;
  }

  async delete(bookId: string, revision?: string): Promise<void> {
    await this.#delete(revisionsOf(bookId, revision));
  }

  async deletePoints(bookId: string, ids: readonly string[]): Promise<void> {
    const wanted = ids.filter((id) => isUuid(id));
    if (wanted.length === 0) return;
    const filter = { must: [matches('bookId', bookId), { has_id: wanted }] };
    await this.#qdrant.call(`delete ${wanted.length} points`, (client) =>
      client.delete(this.#collection, { wait: true, filter }),
    );
  }

  async *scan(filter: SearchFilter): AsyncGenerator<readonly PointKey[]> {
    const page = { filter: pointFilter(filter), limit: POINTS_PER_PAGE, with_payload: KEY_FIELDS };
    for (let offset: string | number | null = null; ; ) {
      const from: { offset?: string | number } = offset === null ? {} : { offset };
      const { points, next_page_offset } = await this.#qdrant.call('list points', (client) =>
        client.scroll(this.#collection, { ...page, ...from, with_vector: false }),
      );
      if (points.length > 0) yield points.map(keyOf);
      if (typeof next_page_offset !== 'string' && typeof next_page_offset !== 'number') return;
      offset = next_page_offset;
    }
  }

  async search(vector: Float32Array, filter: SearchFilter, limit: number): Promise<readonly StoredHit[]> {
    requireVector(vector, this.#dimensions, 'the question');
    if (limit <= 0) return [];
    const quantization = { rescore: true, oversampling: OVERSAMPLING };
    return await this.#query({
      ...{ query: Array.from(vector), using: DENSE, params: { quantization } },
      ...{ filter: pointFilter(filter), limit },
    });
  }

  async searchText(text: string, filter: SearchFilter, limit: number): Promise<readonly StoredHit[]> {
    const query = questionWords(text);
    if (limit <= 0 || query.indices.length === 0) return [];
    const hits = await this.#query({ query, using: WORDS, filter: pointFilter(filter), limit });
    return hits.filter(({ score }) => score > 0);
  }

  async get(ids: readonly string[]): Promise<readonly StoredPassage[]> {
    // A point id that is no UUID cannot be there, and would make Qdrant refuse the request.
    const wanted = ids.filter((id) => isUuid(id));
    if (wanted.length === 0) return [];
    const points = await this.#qdrant.call(`read ${wanted.length} passages`, (client) =>
      client.retrieve(this.#collection, { ids: wanted, with_payload: true, with_vector: false }),
    );
    const found = new Map(points.map(passageOf).map((passage) => [passage.id, passage]));
    return wanted.flatMap((id) => found.get(id) ?? []);
  }

  /** The server looks after its indexes by itself. */
  async needsUpkeep(): Promise<boolean> {
    return false;
  }

  async maintain(): Promise<Upkeep> {
    return { done: [], more: false };
  }

  async health(): Promise<string> {
    const { version } = await this.#qdrant.call('say its version', (client) => client.versionInfo());
    const passages = await this.#count(noFilter());
    return `Qdrant ${version} at ${this.#qdrant.url}, ${passages} passages`;
  }

  /** Nothing to release: the client closes idle connections by itself. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #query(request: QueryRequest): Promise<StoredHit[]> {
    const { points } = await this.#qdrant.call('search', (client) =>
      client.query(this.#collection, { ...request, with_payload: true }),
    );
    return points.map((point) => ({ ...passageOf(point), score: point.score }));
  }

  async #count(filter: PointFilter): Promise<number> {
    const { count } = await this.#qdrant.call('count points', (client) =>
      client.count(this.#collection, { filter, exact: true }),
    );
    return count;
  }

  async #delete(filter: PointFilter): Promise<void> {
    await this.#qdrant.call('delete points', (client) =>
      client.delete(this.#collection, { wait: true, filter }),
    );
  }
}

function noFilter(): PointFilter {
  return { must: [], must_not: [] };
}

function revisionsOf(bookId: string, revision: string | undefined): PointFilter {
  const must = [matches('bookId', bookId)];
  return { must: revision === undefined ? must : [...must, matches('revision', revision)], must_not: [] };
}
