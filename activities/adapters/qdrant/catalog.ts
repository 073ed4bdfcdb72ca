import { validate as isUuid, v5 as uuidFrom } from 'uuid';
import type { BookQuery, BookRecord, Catalog, LibraryRecord } from '../../ports/catalog.ts';
import { bookRecord, libraryRecord, wellFormedBook } from '../catalog-records.ts';
import type { QdrantConnection } from './connection.ts';
import { QdrantEpoch } from './epoch.ts';
import { matches, matchesAny, type PointFilter } from './filters.ts';

/** Qdrant wants a vector with every point; the catalog has none, so all its points carry this one. */
const NO_VECTOR: readonly number[] = [1];
/** Namespace of the UUIDs that stand for names of libraries, since a point's id must be a UUID. */
const LIBRARY_NAMESPACE = 'a0c4f0f1-6f0e-4c5b-9d0a-6d1c3f6a7b52';
const LIBRARIES_PER_PAGE = 256;

interface Page {
  readonly points: readonly { readonly id: string | number; readonly payload?: unknown }[];
  readonly next: string | number | null;
}

/** The catalog in two collections of a Qdrant server, one point a record. Book ids must be UUIDs, as the design has it. */
export class QdrantCatalog implements Catalog {
  readonly #qdrant: QdrantConnection;
  readonly #books: string;
  readonly #libraries: string;
  readonly #epoch: QdrantEpoch;

  private constructor(qdrant: QdrantConnection, prefix: string) {
    this.#qdrant = qdrant;
    this.#books = `${prefix}-books`;
    this.#libraries = `${prefix}-libraries`;
    this.#epoch = new QdrantEpoch(qdrant, prefix);
  }

  /** @throws ScriptoriumError STORE_UNREACHABLE, STORE_REJECTED */
  static async open(qdrant: QdrantConnection, prefix: string): Promise<QdrantCatalog> {
    const catalog = new QdrantCatalog(qdrant, prefix);
    const shape = { vectors: { size: NO_VECTOR.length, distance: 'Dot' } } as const;
    await qdrant.ensureCollection(catalog.#books, shape, { library: 'keyword', state: 'keyword' });
    await qdrant.ensureCollection(catalog.#libraries, shape, {});
    return catalog;
  }

  async get(bookIds: readonly string[]): Promise<ReadonlyMap<string, BookRecord>> {
    const records = await this.#retrieve(
      this.#books,
      bookIds.filter((id) => isUuid(id)),
    );
    return new Map(
      records.map((record) => bookRecord.parse(record)).map((record) => [record.bookId, record]),
    );
  }

  async put(record: BookRecord): Promise<void> {
    await this.#put(this.#books, record.bookId, { ...wellFormedBook(record) });
    await this.#epoch.advance();
  }

  async list({ library, libraries, state, after, limit }: BookQuery): Promise<readonly BookRecord[]> {
    if (limit <= 0) return [];
    const must = [
      ...(library === undefined ? [] : [matches('library', library)]),
      ...(libraries === undefined ? [] : [matchesAny('library', libraries)]),
      ...(state === undefined ? [] : [{ key: 'state', match: { value: state } }]),
    ];
    // Scrolling goes by point id, which for UUIDs is the order of their text. It starts with its offset: `after` itself.
    const { points } = await this.#scroll(this.#books, { must }, limit + 1, after);
    const records = points.map(({ payload }) => bookRecord.parse(payload));
    return records.filter(({ bookId }) => bookId !== after).slice(0, limit);
  }

  async remove(bookIds: readonly string[]): Promise<void> {
    const points = bookIds.filter((id) => isUuid(id));
    if (points.length === 0) return;
    await this.#qdrant.call(`remove ${points.length} records`, (client) =>
      client.delete(this.#books, { wait: true, points }),
    );
    await this.#epoch.advance();
  }

  async getLibrary(library: string): Promise<LibraryRecord | null> {
    const [record] = await this.#retrieve(this.#libraries, [libraryId(library)]);
    return record === undefined ? null : libraryRecord.parse(record);
  }

  async putLibrary(record: LibraryRecord): Promise<void> {
    await this.#put(this.#libraries, libraryId(record.library), { ...record });
  }

  async listLibraries(): Promise<readonly LibraryRecord[]> {
    const records: LibraryRecord[] = [];
    let from: string | number | null | undefined;
    do {
      const page: Page = await this.#scroll(this.#libraries, { must: [] }, LIBRARIES_PER_PAGE, from);
      records.push(...page.points.map(({ payload }) => libraryRecord.parse(payload)));
      from = page.next;
    } while (from !== null);
    return records.sort((a, b) => (a.library < b.library ? -1 : 1));
  }

  async epoch(): Promise<number> {
    return await this.#epoch.read();
  }

  /** Nothing to release: the client closes idle connections by itself. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #put(collection: string, id: string, payload: Record<string, unknown>): Promise<void> {
    const points = [{ id, vector: [...NO_VECTOR], payload }];
    await this.#qdrant.call(`write a record into ${collection}`, (client) =>
      client.upsert(collection, { wait: true, points }),
    );
  }

  async #retrieve(collection: string, ids: string[]): Promise<readonly unknown[]> {
    if (ids.length === 0) return [];
    const points = await this.#qdrant.call(`read ${ids.length} records of ${collection}`, (client) =>
      client.retrieve(collection, { ids, with_payload: true, with_vector: false }),
    );
    return points.map(({ payload }) => payload);
  }

  async #scroll(
    collection: string,
    filter: Pick<PointFilter, 'must'>,
    limit: number,
    offset: string | number | null | undefined,
  ): Promise<Page> {
    const { points, next_page_offset } = await this.#qdrant.call(`list ${collection}`, (client) =>
      client.scroll(collection, { filter, limit, with_payload: true, ...(offset == null ? {} : { offset }) }),
    );
    return { points, next: typeof next_page_offset === 'object' ? null : (next_page_offset ?? null) };
  }
}

function libraryId(library: string): string {
  return uuidFrom(library.toWellFormed(), LIBRARY_NAMESPACE);
}
