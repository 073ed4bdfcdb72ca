/** Question → the nearest passages of committed revisions. */
import type { SearchHit, SearchResult, Timings } from '../workflows/result-contract.ts';
import { ScriptoriumError } from './errors.ts';
import type { Catalog } from './ports/catalog.ts';
import type { Embedder } from './ports/embedder.ts';
import type { StoredHit, VectorStore } from './ports/vector-store.ts';
import { questionStage } from './stage.ts';

export interface RetrievePorts {
  readonly embedder: Embedder;
  readonly store: VectorStore;
  readonly catalog: Catalog;
}

export interface RetrieveInput {
  readonly query: string;
  readonly library?: string | undefined;
  /** Most hits to give. */
  readonly topK: number;
}

export interface RetrievedPassages {
  readonly hits: readonly { readonly chunkId: string; readonly score: number }[];
  readonly timings: Timings;
}

export type RetrieveActivities = ReturnType<typeof createRetrieveActivities>;

export function createRetrieveActivities(ports: RetrievePorts) {
  return {
    search: questionStage((input: RetrieveInput) => search(ports, input)),
    /** References only: the text of a book does not pass through Temporal on its way to the answer. */
    retrieve: questionStage(async (input: RetrieveInput): Promise<RetrievedPassages> => {
      const { hits, timings } = await search(ports, input);
      return { hits: hits.map(({ chunkId, score }) => ({ chunkId, score })), timings };
    }),
  };
}

/** @throws ScriptoriumError LIBRARY_NOT_FOUND, MODEL_MISMATCH, and what embedder, store and catalog throw */
export async function search(
  ports: RetrievePorts,
  { query, library, topK }: RetrieveInput,
): Promise<SearchResult> {
  await assertSearchable(ports, library);
  const started = performance.now();
  const [vector] = await ports.embedder.embed([query], { kind: 'question' });
  if (!vector) throw new ScriptoriumError('EMBEDDING_FAILED', 'The model gave no vector for the question');
  const embedded = performance.now();
  const hits = await committedHits(ports, vector, library, topK);
  return {
    hits: hits.map(searchHitOf),
    timings: { embed: embedded - started, search: performance.now() - embedded },
  };
}

/** Vectors of another model than the configured one say nothing about the question. */
async function assertSearchable(
  { catalog, embedder }: RetrievePorts,
  library: string | undefined,
): Promise<void> {
  const libraries = await catalog.listLibraries();
  const named = libraries.filter((record) => library === undefined || record.library === library);
  if (named.length === 0) {
    throw new ScriptoriumError(
      'LIBRARY_NOT_FOUND',
      library === undefined ? 'Nothing was ingested yet' : `There is no library ${library}`,
    );
  }
  const other = named.find((record) => record.embedderId !== embedder.id);
  if (other) {
    throw new ScriptoriumError(
      'MODEL_MISMATCH',
      `Library ${other.library} was embedded with ${other.embedderId}, and ${embedder.id} is configured`,
    );
  }
}

/** Hits fetched at once at most, some megabytes: a store that holds more that is stale near a question wants repair. */
const MOST_FETCHED = 4_096;

/**
 * The store may hold revisions that are half-written or just replaced, so every hit is held against the catalog, and
 * more are fetched until there are enough, up to a bound.
 */
async function committedHits(
  ports: RetrievePorts,
  vector: Float32Array,
  library: string | undefined,
  topK: number,
): Promise<StoredHit[]> {
  const filter = library === undefined ? {} : { library };
  for (let limit = topK + Math.ceil(topK / 2); ; limit = Math.min(2 * limit, MOST_FETCHED)) {
    const hits = await ports.store.search(vector, filter, limit);
    const books = await ports.catalog.get([...new Set(hits.map((hit) => hit.bookId))]);
    const committed = hits.filter((hit) => books.get(hit.bookId)?.revision === hit.revision);
    const all = hits.length < limit || limit === MOST_FETCHED;
    if (committed.length >= topK || all) return committed.slice(0, topK);
  }
}

function searchHitOf({ id, score, text, title, author, page, section, path, bookId }: StoredHit): SearchHit {
  return { score, text, title, author, page, section, path, bookId, chunkId: id };
}
