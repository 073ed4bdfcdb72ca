/** Question → passages of committed revisions, by meaning and by words. */
import type { SearchFilters, SearchMode } from '../workflows/filter-contract.ts';
import type { SearchResult, Timings } from '../workflows/result-contract.ts';
import { eachRecord } from './each-record.ts';
import { ScriptoriumError } from './errors.ts';
import { requireModel } from './library-model.ts';
import type { Catalog } from './ports/catalog.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Reranker } from './ports/reranker.ts';
import type { SearchFilter, StoredHit, VectorStore } from './ports/vector-store.ts';
import { committedRankings } from './retrieval/committed.ts';
import { type Fused, fuseRankings } from './retrieval/fuse.ts';
import { groupPassages, type PassageGroup, type Ranked } from './retrieval/group.ts';
import { searchHitOf, widened } from './retrieval/passages.ts';
import { reranking } from './retrieval/reranking.ts';
import { type StageObserver, Stopwatch } from './retrieval/stopwatch.ts';
import { questionStage } from './stage.ts';

export interface RetrievePorts {
  readonly embedder: Embedder;
  readonly store: VectorStore;
  readonly catalog: Catalog;
  /** Puts the best passages into a better order; none when left out. */
  readonly reranker?: Reranker | undefined;
  /** Hears of every stage. */
  readonly observe?: StageObserver | undefined;
}

export interface RetrieveInput {
  readonly query: string;
  readonly library?: string | undefined;
  /** Only these. */
  readonly libraries?: readonly string[] | undefined;
  readonly filters?: SearchFilters | undefined;
  /** Most hits to give. */
  readonly topK: number;
  /** Most hits of one book. Default: any number. */
  readonly perBook?: number | undefined;
  /** Default `hybrid`. */
  readonly mode?: SearchMode | undefined;
  /** Chunks before and after a hit that are joined to it. Default `NEIGHBOURS` for `search`, 0 for `retrieve`. */
  readonly neighbours?: number | undefined;
}

export interface RetrievedPassages {
  readonly hits: readonly {
    readonly chunkId: string;
    /** The chunks of the passage in the order of the book; `chunkId`, the best, is one of them. */
    readonly chunkIds: readonly string[];
    readonly score: number;
    /** Cosine of question and passage; null where only its words were found. */
    readonly similarity: number | null;
  }[];
  readonly timings: Timings;
  /** A search in a minute may well find others: what is made of these is for this question alone. */
  readonly isProvisional?: true;
}

export type RetrieveActivities = ReturnType<typeof createRetrieveActivities>;

export function createRetrieveActivities(ports: RetrievePorts) {
  return {
    search: questionStage((input: RetrieveInput, limits) =>
      search(ports, input, { ...limits, mostBytes: MOST_BYTES }),
    ),
    /** References only: the text of a book does not pass through Temporal on its way to the answer. */
    retrieve: questionStage(async (input: RetrieveInput, limits): Promise<RetrievedPassages> => {
      const { result, isProvisional } = await searched(ports, { neighbours: 0, ...input }, limits);
      const { hits, timings } = result;
      return {
        ...(isProvisional && { isProvisional }),
        hits: hits.map(({ chunkId, chunkIds = [chunkId], score, similarity = null }) => ({
          ...{ chunkId, chunkIds, score, similarity },
        })),
        timings,
      };
    }),
  };
}

/** Of a result that passes through Temporal, in a message of 4 MB that holds it twice. */
const MOST_BYTES = 1_500_000;
/** Each ranking is this many times as deep as the hits that are wanted, so that the two can meet. */
const DEPTH = 4;
const LEAST_DEPTH = 40;
const MOST_DEPTH = 400;
/** A small model ranks worse than words do: measured on the labelled set, docs/retrieval.md. */
const WORDS_WEIGHT = 1.5;
/** With one chunk on either side a passage holds the answer to 7 more of 100 questions (by words alone, labelled set). */
const NEIGHBOURS = 1;
/** Chunks that are joined into one passage: about a page and a half. */
const CHUNKS_PER_PASSAGE = 3;

export interface SearchLimits {
  readonly signal?: AbortSignal | undefined;
  /** When the result is wanted, in milliseconds since 1970. */
  readonly untilMs?: number | undefined;
  /** Of the result as JSON: longer passages come without what is around them, and then the last ones not at all. Default: any number. */
  readonly mostBytes?: number;
}

/**
 * Needs no workflow: whoever holds model and store may call it.
 * @param watch takes the times; who brings one can read it when the search has failed, too
 * @throws ScriptoriumError LIBRARY_NOT_FOUND, LIBRARY_EMPTY, MODEL_MISMATCH, and what embedder, store, catalog and reranker throw
 */
export async function search(
  ports: RetrievePorts,
  input: RetrieveInput,
  limits: SearchLimits = {},
  watch?: Stopwatch,
): Promise<SearchResult> {
  return (await searched(ports, input, limits, watch)).result;
}

interface Searched {
  readonly result: SearchResult;
  /** Words that no index holds yet were left out, or the reranker failed. */
  readonly isProvisional: boolean;
}

async function searched(
  ports: RetrievePorts,
  input: RetrieveInput,
  { signal, untilMs, mostBytes }: SearchLimits = {},
  watch = new Stopwatch(ports.observe),
): Promise<Searched> {
  await assertSearchable(ports, input);
  const { dense, fused, isPartial } = await candidates(ports, input, watch, signal);
  if (fused.length === 0) await assertNotEmpty(ports, input);
  const { ranked, reranked } = await reranking(ports.reranker, input.query, fused, watch, {
    signal,
    untilMs,
  });
  const { neighbours = NEIGHBOURS } = input;
  const groups = groupsOf(ranked, input);
  const passages =
    neighbours === 0
      ? groups
      : await watch.time('neighbours', () => widened(ports.store, groups, neighbours));
  const similarities = new Map(dense.map(({ id, score }) => [id, score]));
  const resultOf = (shown: typeof groups): SearchResult => ({
    hits: shown.map((group) => searchHitOf(group, (id) => similarities.get(id))),
    timings: watch.timings,
    ...(reranked !== undefined && { reranked }),
  });
  const whole = resultOf(passages);
  const isShort = mostBytes === undefined || bytesOf(whole) <= mostBytes;
  const result = isShort ? whole : shortened(resultOf(groups), mostBytes);
  return { result, isProvisional: isPartial || reranked === false };
}

function shortened(result: SearchResult, mostBytes: number): SearchResult {
  const hits = [...result.hits];
  while (bytesOf(hits) > mostBytes) hits.pop();
  return { ...result, hits };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Vectors of another model than the configured one say nothing about the question. */
async function assertSearchable(
  { catalog, embedder }: RetrievePorts,
  { library, libraries }: Pick<RetrieveInput, 'library' | 'libraries'>,
): Promise<void> {
  const wanted = library === undefined ? libraries : [library];
  const named = (await catalog.listLibraries()).filter((record) => wanted?.includes(record.library) ?? true);
  if (named.length === 0) {
    throw new ScriptoriumError(
      'LIBRARY_NOT_FOUND',
      wanted === undefined ? 'Nothing was ingested yet' : `There is no library ${wanted.join(', ')}`,
    );
  }
  for (const record of named) requireModel(record, embedder.id);
}

/**
 * A library is known from the beginning of its first run, before any of its books can be searched. To say then that it holds no
 * answer would be untrue, and would be kept.
 */
async function assertNotEmpty(
  { catalog }: RetrievePorts,
  { library, libraries }: RetrieveInput,
): Promise<void> {
  const asked = library === undefined ? libraries && { libraries } : { library };
  // Of those that were ingested one is enough; only where there is none the others are looked through.
  if ((await catalog.list({ ...asked, state: 'ingested', limit: 1 })).length > 0) return;
  for await (const { revision } of eachRecord(catalog, asked)) if (revision !== null) return;
  const names = library === undefined ? (libraries ?? []) : [library];
  const where = names.length === 0 ? 'the libraries' : `the library ${names.join(', ')}`;
  throw new ScriptoriumError('LIBRARY_EMPTY', `No book of ${where} can be searched yet`);
}

interface Candidates {
  readonly dense: readonly StoredHit[];
  /** Of meaning and words, best first. */
  readonly fused: readonly Fused<StoredHit>[];
  /** Words that no index holds yet were left out. */
  readonly isPartial: boolean;
}

/**
 * One book, or copies of one text, may fill the rankings, and leave fewer passages than are wanted: then they are searched
 * once more, as deep as may be.
 */
async function candidates(
  ports: RetrievePorts,
  input: RetrieveInput,
  watch: Stopwatch,
  signal: AbortSignal | undefined,
): Promise<Candidates> {
  const { topK, perBook = topK, filters } = input;
  const rankingsAt = rankingsOf(ports, input, watch, signal);
  const depth = Math.min(MOST_DEPTH, Math.max(LEAST_DEPTH, DEPTH * topK));
  const { isFull, ...found } = await rankingsAt(depth);
  const wanted = filters?.book === undefined ? topK : Math.min(topK, perBook);
  if (!isFull || depth === MOST_DEPTH) return found;
  const ranked = found.fused.map(({ item, score }) => ({ passage: item, score }));
  return groupsOf(ranked, input).length < wanted ? await rankingsAt(MOST_DEPTH) : found;
}

/** To be called with a depth; the words are searched for while the question is still being embedded, which is done once. */
function rankingsOf(
  { embedder, store, catalog }: RetrievePorts,
  input: RetrieveInput,
  watch: Stopwatch,
  signal: AbortSignal | undefined,
): (depth: number) => Promise<Candidates & { readonly isFull: boolean }> {
  const { query, mode = 'hybrid' } = input;
  const filter = storeFilter(input);
  let vector: Float32Array | undefined;
  const byMeaning = async (limit: number): Promise<readonly StoredHit[]> => {
    vector ??= await watch.time('embed', () => questionVector(embedder, query, signal));
    const near = vector;
    return await watch.time('dense', () => store.search(near, filter, limit));
  };
  let isPartial = false;
  const onLeftOut = (): void => {
    isPartial = true;
  };
  const promptly = mode === 'hybrid';
  const byWords = (limit: number): Promise<readonly StoredHit[]> =>
    watch.time('lexical', () => store.searchText(query, filter, limit, { promptly, onLeftOut }));
  const nothing = async (): Promise<readonly StoredHit[]> => [];
  const look = (bookIds: readonly string[]) => watch.time('catalog', () => catalog.get(bookIds));
  return async (depth) => {
    const fetches = [mode === 'lexical' ? nothing : byMeaning, mode === 'dense' ? nothing : byWords];
    const [dense = [], lexical = []] = await committedRankings(fetches, look, depth);
    const fused = await watch.time('fuse', async () => fuse(dense, lexical));
    return { dense, fused, isPartial, isFull: Math.max(dense.length, lexical.length) >= depth };
  };
}

function fuse(dense: readonly StoredHit[], lexical: readonly StoredHit[]): Fused<StoredHit>[] {
  const rankings = [
    { items: dense, weight: 1 },
    { items: lexical, weight: WORDS_WEIGHT },
  ];
  return fuseRankings(
    rankings.filter(({ items }) => items.length > 0),
    ({ id }) => id,
  );
}

function groupsOf(ranked: readonly Ranked[], { topK, perBook = topK }: RetrieveInput): PassageGroup[] {
  return groupPassages(ranked, { groups: topK, perBook, chunks: CHUNKS_PER_PASSAGE });
}

async function questionVector(
  embedder: Embedder,
  query: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const [vector] = await embedder.embed([query], { kind: 'question', ...(signal && { signal }) });
  if (!vector) throw new ScriptoriumError('EMBEDDING_FAILED', 'The model gave no vector for the question');
  return vector;
}

function storeFilter({ library, libraries, filters = {} }: RetrieveInput): SearchFilter {
  const { book, ...others } = filters;
  return { library, libraries, bookId: book, ...others };
}
