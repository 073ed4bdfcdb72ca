import { createHash } from 'node:crypto';
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import type {
  PointKey,
  SearchFilter,
  StoredHit,
  StoredPassage,
  StoredPoint,
  VectorStore,
} from '../../ports/vector-store.ts';
import { requirePoints, requireVector, wellFormedPassage } from '../point-checks.ts';
import type { QdrantConnection } from './connection.ts';

/** Vectors travel as JSON, about 10 KB a point: 64 to 256 points a request are what Qdrant advises. */
const MAX_POINTS_PER_WRITE = 128;

const passagePayload = z.object({
  bookId: z.string(),
  revision: z.string(),
  library: z.string(),
  ordinal: z.number().int(),
  text: z.string(),
  title: z.string(),
  author: z.string().nullable(),
  language: z.string().nullable(),
  year: z.number().int().nullable(),
  format: z.string(),
  path: z.string(),
  page: z.object({ start: z.number().int(), end: z.number().int() }).nullable(),
  section: z.array(z.string()),
});

interface FieldMatch {
  readonly key: string;
  readonly match: { readonly value: string };
}

interface PointFilter {
  must: FieldMatch[];
  must_not: FieldMatch[];
}

/** Keys are about 200 bytes of JSON each. */
const POINTS_PER_PAGE = 1_000;
const keyPayload = passagePayload.pick({ bookId: true, revision: true, library: true, ordinal: true });
const KEY_FIELDS = Object.keys(keyPayload.shape);

/** Vectors of two models never share a collection: its name holds a hash of the embedder's id and the vector size. */
export function pointCollectionName(prefix: string, embedderId: string, dimensions: number): string {
  const hash = createHash('sha256').update(`${embedderId}\n${dimensions}`).digest('hex');
  return `${prefix}-points-${hash.slice(0, 16)}`;
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

  /** @throws ScriptoriumError STORE_UNREACHABLE, STORE_REJECTED */
  static async open(
    qdrant: QdrantConnection,
    collection: string,
    dimensions: number,
  ): Promise<QdrantVectorStore> {
    await qdrant.ensureCollection(collection, { size: dimensions, distance: 'Cosine' }, [
      'library',
      'bookId',
      'revision',
    ]);
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
    if (stale > 0) await this.#delete(filter);
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
    const page = { filter: searchFilter(filter), limit: POINTS_PER_PAGE, with_payload: KEY_FIELDS };
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
    const { points } = await this.#qdrant.call('search', (client) =>
      client.query(this.#collection, {
        query: Array.from(vector),
        filter: searchFilter(filter),
        limit,
        with_payload: true,
      }),
    );
    return points.map((point) => ({ ...passageOf(point), score: point.score }));
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

  async health(): Promise<string> {
    const { version } = await this.#qdrant.call('say its version', (client) => client.versionInfo());
    const passages = await this.#count(noFilter());
    return `Qdrant ${version} at ${this.#qdrant.url}, ${passages} passages`;
  }

  /** Nothing to release: the client closes idle connections by itself. */
  async [Symbol.asyncDispose](): Promise<void> {}

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

function matches(key: string, value: string): FieldMatch {
  return { key, match: { value: value.toWellFormed() } };
}

function noFilter(): PointFilter {
  return { must: [], must_not: [] };
}

function revisionsOf(bookId: string, revision: string | undefined): PointFilter {
  const must = [matches('bookId', bookId)];
  return { must: revision === undefined ? must : [...must, matches('revision', revision)], must_not: [] };
}

function searchFilter({ library, bookId }: SearchFilter): PointFilter {
  const must = [
    ...(library === undefined ? [] : [matches('library', library)]),
    ...(bookId === undefined ? [] : [matches('bookId', bookId)]),
  ];
  return { must, must_not: [] };
}

function pointStruct(point: StoredPoint): { id: string; vector: number[]; payload: Record<string, unknown> } {
  const { id, vector, ...payload } = wellFormedPassage(point);
  return { id, vector: Array.from(vector), payload };
}

function passageOf(point: { readonly id: string | number; readonly payload?: unknown }): StoredPassage {
  return { id: String(point.id), ...passagePayload.parse(point.payload) };
}

function keyOf(point: { readonly id: string | number; readonly payload?: unknown }): PointKey {
  return { id: String(point.id), ...keyPayload.parse(point.payload) };
}
