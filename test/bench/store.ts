/**
 * The store of vectors alone, as large as a library of 9,000 books: written book by book as the pipeline does it, indexed, and
 * searched by twenty clients; LanceDB, and Qdrant instead where QDRANT_URL is set.
 */
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openLanceDatabase } from '../../activities/adapters/lancedb/database.ts';
import type { StoredPoint, VectorStore } from '../../activities/ports/vector-store.ts';
import { homeOf } from '../../client/home.ts';
import { loadConfig } from '../../workers/config.ts';
import { openStores, type Stores } from '../../workers/stores.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import type { BenchOptions } from './options.ts';
import type { BenchReport } from './report.ts';
import { after, CLIENTS, type Load, lineOf, loaded, steadyLoad } from './search/load.ts';
import { sentencesOf } from './search/questions.ts';
import {
  FILTER,
  maintained,
  putLibraries,
  type SyntheticBook,
  syntheticBooks,
  syntheticQueries,
} from './search/synthetic-store.ts';
import { TrueNeighbours } from './store/true-neighbours.ts';

const CHUNKS = 1_350_000;
const SECONDS = 30;
const DIMENSIONS = 384;
const HITS = 10;
const QUERIES = 100;
const MB = 2 ** 20;

export async function benchStore(options: BenchOptions): Promise<BenchReport> {
  const { chunks = CHUNKS, seconds = SECONDS, signal } = options;
  await using folder = await tempFolder();
  const config = loadConfig({ ...process.env, SCRIPTORIUM_HOME: folder.path });
  // A name of its own: Qdrant may hold other libraries, and an earlier run's.
  const stores = await openStores(config, `bench-${process.pid}-${Date.now()}`, DIMENSIONS);
  await using store = stores.store;
  await using _catalog = stores.catalog;
  const before = process.memoryUsage().rss / MB;
  const neighbours = new TrueNeighbours(syntheticQueries(QUERIES, DIMENSIONS), HITS);
  const sentences = await sentencesOf(homeOf().cache, signal);
  const written = await load(stores, { chunks, sentences, signal, neighbours });
  const isLance = config.store.kind === 'lancedb';
  const commits = isLance ? await commitsIn(config.home.store) : null;
  const indexing = performance.now();
  await maintained(stores, signal);
  const indexSeconds = (performance.now() - indexing) / 1_000;
  const recall = neighbours.recall(await found(store));
  const loads = await searched(store, seconds, signal);
  const figures: Record<string, number | string> = {
    ...{ 'load s': written.seconds, 'loaded chunks/s': written.chunks / written.seconds },
    ...{ 'index s': indexSeconds, 'recall@10': recall },
    'writes a chunk': written.writes / written.chunks,
    'reads a chunk': written.reads / written.chunks,
    ...(commits !== null && { 'commits of LanceDB a chunk': commits / written.chunks }),
    ...(isLance && { 'disk MB': (await bytesIn(config.home.store)) / MB }),
    ...(isLance && { 'memory MB beyond the bare process': process.memoryUsage().rss / MB - before }),
  };
  for (const [name, { p50Ms, p95Ms, perSecond }] of loads) {
    Object.assign(figures, {
      [`${name}: p50 ms`]: p50Ms,
      [`${name}: p95 ms`]: p95Ms,
      [`${name}: a second`]: perSecond,
    });
  }
  const medians = Object.fromEntries([...loads].map(([name, { p95Ms }]) => [name, p95Ms]));
  return {
    ...{
      bench: 'store',
      unit: 'ms (p95)',
      medians,
      figures: rounded({ ...figures, store: await store.health() }),
    },
    ...{ ratios: { 'search by looking at all, recall@10': recall }, ratio: recall },
    rounds: Object.fromEntries(Object.entries(medians).map(([name, figure]) => [name, [figure]])),
    settings: {
      ...{ store: config.store.kind, chunks, dimensions: DIMENSIONS, clients: CLIENTS, seconds },
      cores: availableParallelism(),
    },
    notMeasured: `vectors of real passages; embedding${isLance ? '' : '; memory and disk of the server'}`,
  };
}

interface Loading {
  readonly chunks: number;
  readonly sentences: readonly string[];
  readonly neighbours: TrueNeighbours;
  readonly signal: AbortSignal;
}

/** Seconds of writing alone: making up what is written takes as long again. */
async function load(stores: Stores, { chunks, sentences, neighbours, signal }: Loading) {
  await putLibraries(stores.catalog, { embedderId: 'bench', dimensions: DIMENSIONS });
  const total = { chunks: 0, seconds: 0, writes: 0, reads: 0 };
  for (const books of syntheticBooks({ chunks, dimensions: DIMENSIONS, sentences })) {
    signal.throwIfAborted();
    const started = performance.now();
    const calls = await Promise.all(books.map((book) => writeBook(stores, book)));
    total.seconds += (performance.now() - started) / 1_000;
    for (const { writes, reads } of calls) {
      total.writes += writes;
      total.reads += reads;
    }
    for (const { points } of books) {
      total.chunks += points.length;
      for (const { id, vector } of points) neighbours.look(id, vector);
    }
    process.stderr.write(`\r${total.chunks} chunks written `);
  }
  process.stderr.write('\n');
  return total;
}

/** As `activities/store.ts` does it for a new book. */
async function writeBook({ store, catalog }: Stores, { record, points }: SyntheticBook) {
  const { bookId, revision } = record;
  const pieces: StoredPoint[][] = [];
  for (let from = 0; from < points.length; from += store.maxPointsPerWrite)
    pieces.push(points.slice(from, from + store.maxPointsPerWrite));
  for (const piece of pieces) await store.upsert(piece, { newUntilMs: Date.now() + 5_000 });
  const counts = await Promise.all([store.count(bookId, revision ?? ''), store.count(bookId)]);
  if (counts.some((count) => count !== points.length))
    throw new Error(`${counts.join(' and ')} points of ${points.length} are there`);
  await catalog.put(record);
  return { writes: pieces.length + 1, reads: counts.length };
}

async function found(store: VectorStore): Promise<string[][]> {
  const answers: string[][] = [];
  for (const query of syntheticQueries(QUERIES, DIMENSIONS))
    answers.push((await store.search(query, {}, HITS)).map(({ id }) => id));
  return answers;
}

async function searched(store: VectorStore, seconds: number, signal: AbortSignal) {
  const queries = syntheticQueries(QUERIES, DIMENSIONS);
  const loads = new Map<string, Load>();
  for (const [name, filter] of [
    ['all', {}],
    ['filtered', { library: FILTER.library, years: FILTER.filters.years }],
  ] as const) {
    const work = (at: number) => store.search(queries[at % QUERIES] ?? new Float32Array(), filter, HITS);
    for (let at = 0; at < CLIENTS; at++) await work(at);
    const note = (kind: string, load: Load): void => {
      process.stderr.write(lineOf(kind, load));
      loads.set(kind, load);
    };
    const most = await loaded(work, { isOver: after(seconds), signal });
    note(`${name}, never pausing`, most);
    note(`${name}, steady`, await steadyLoad(work, { perSecond: most.perSecond, seconds, signal }));
  }
  return loads;
}

/** Versions of all tables: each is one commit. */
async function commitsIn(folder: string): Promise<number> {
  const { connection } = await openLanceDatabase(folder);
  const tables = await Promise.all((await connection.tableNames()).map((name) => connection.openTable(name)));
  const versions = await Promise.all(tables.map((table) => table.version()));
  return versions.reduce((sum, version) => sum + version, 0);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function rounded(figures: Record<string, number | string>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toPrecision(4)) : value,
    ]),
  );
}
