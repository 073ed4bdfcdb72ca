/**
 * Search over a large library: twenty clients at once in the process that holds model and store, as a server serves them,
 * with and without a filter, by the indexes and by scan; and the store's own bare query beside it.
 */
import { availableParallelism } from 'node:os';
import { MB, openLanceDatabase } from '../../activities/adapters/lancedb/database.ts';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { type RetrieveInput, search } from '../../activities/retrieve.ts';
import { homeOf } from '../../client/home.ts';
import type { BenchOptions } from './options.ts';
import type { BenchReport } from './report.ts';
import { after, CLIENTS, type Load, lineOf, loaded, steadyLoad } from './search/load.ts';
import { openModel } from './search/model.ts';
import { freshQuestions, sentencesOf } from './search/questions.ts';
import { Seeded } from './search/seeded-numbers.ts';
import {
  FILTER,
  maintained,
  openSyntheticStore,
  type Stores,
  syntheticFolder,
} from './search/synthetic-store.ts';

const CHUNKS = 1_350_000;
const SECONDS = 60;
/** Scans take seconds each, and of the words of a million texts more than ten. */
const SCAN_SECONDS = 20;
const MOST_SCANNED = 100_000;
const HITS = 10;

export async function benchSearch(options: BenchOptions): Promise<BenchReport> {
  const { chunks = CHUNKS, seconds = SECONDS, signal } = options;
  const cache = homeOf().cache;
  await using embedder = await openModel(cache);
  const folder = syntheticFolder(cache, chunks);
  const sentences = await sentencesOf(cache, signal);
  const { stores, loadSeconds } = await openSyntheticStore({
    ...{ folder, sentences },
    ...{ chunks, signal, embedderId: embedder.id, dimensions: embedder.dimensions },
  });
  await using store = stores.store;
  await using _catalog = stores.catalog;
  const figures: Record<string, number | string> = {
    ...(loadSeconds !== null && { 'load s': loadSeconds }),
  };
  const bare = await bareSearch(folder, pointTableName(embedder.id, embedder.dimensions));
  const loads = await withAndWithoutIndexes(stores, embedder, {
    chunks,
    sentences,
    bare,
    seconds,
    signal,
    figures,
  });
  figures['resident memory MB'] = process.memoryUsage().rss / 2 ** 20;
  figures.store = await store.health();
  return reportOf(loads, figures, { chunks, clients: CLIENTS, seconds, cores: availableParallelism() });
}

interface Measuring {
  readonly chunks: number;
  readonly sentences: readonly string[];
  readonly bare: (vector: Float32Array) => Promise<unknown>;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Figures that come up on the way. */
  readonly figures: Record<string, number | string>;
}

async function withAndWithoutIndexes(
  stores: Stores,
  embedder: Embedder,
  { chunks, sentences, bare, seconds, signal, figures }: Measuring,
): Promise<Map<string, Load>> {
  const loads = new Map<string, Load>();
  const questions = await freshQuestions(sentences);
  const measure = async (name: string, work: (at: number) => Promise<unknown>, forSeconds = seconds) => {
    for (let at = 0; at < CLIENTS; at++) await work(at);
    note(name, await loaded(work, { isOver: after(forSeconds), signal }));
  };
  const note = (name: string, load: Load): void => {
    loads.set(name, load);
    process.stderr.write(lineOf(name, load));
  };
  const ask = (more: Partial<RetrieveInput>) => (at: number) =>
    search({ ...stores, embedder }, { query: questions(at), topK: HITS, ...more }, { signal });
  if (await stores.store.needsUpkeep()) {
    if (chunks <= MOST_SCANNED) {
      await measure('dense by scan', ask({ mode: 'dense' }), SCAN_SECONDS);
      await measure('hybrid by scan', ask({}), SCAN_SECONDS);
    }
    const started = performance.now();
    await maintained(stores, signal);
    figures['upkeep s'] = (performance.now() - started) / 1_000;
  }
  const random = new Seeded(11);
  const vectors = Array.from({ length: 200 }, () => random.unitVector(embedder.dimensions));
  const vector = (at: number): Float32Array => vectors[at % vectors.length] ?? new Float32Array();
  await measure('bare', (at) => bare(vector(at)));
  await measure('embedding alone', (at) => embedder.embed([questions(at)], { kind: 'question' }));
  for (const mode of ['dense', 'lexical', 'hybrid'] as const) {
    for (const [name, filter] of [[mode, {}] as const, [`${mode}, filtered`, FILTER] as const]) {
      await measure(name, ask({ mode, ...filter }));
      if (mode === 'lexical') continue;
      const perSecond = loads.get(name)?.perSecond ?? 0;
      note(`${name}, steady`, await steadyLoad(ask({ mode, ...filter }), { perSecond, seconds, signal }));
    }
  }
  return loads;
}

/** The store's own query, with nothing of ours around it. */
async function bareSearch(folder: string, name: string): Promise<(vector: Float32Array) => Promise<unknown>> {
  // As much as ours has at most.
  const { connection } = await openLanceDatabase(folder, { index: 1_536 * MB, metadata: 128 * MB });
  const table = await connection.openTable(name);
  return (vector) => table.query().nearestTo(vector).distanceType('cosine').limit(HITS).toArray();
}

function reportOf(
  loads: ReadonlyMap<string, Load>,
  figures: Record<string, number | string>,
  settings: BenchReport['settings'],
): BenchReport {
  const medians: Record<string, number> = {};
  for (const [name, load] of loads) {
    medians[name] = load.p95Ms;
    for (const [key, figure] of Object.entries(load)) figures[`${name}: ${key}`] = figure;
  }
  const bare = loads.get('bare')?.perSecond ?? Number.NaN;
  const ratios = Object.fromEntries([...loads].map(([name, { perSecond }]) => [name, perSecond / bare]));
  return {
    ...{ bench: 'search', unit: 'ms (p95)', settings, medians, ratios, figures },
    rounds: Object.fromEntries(Object.entries(medians).map(([name, figure]) => [name, [figure]])),
    ratio: ratios.hybrid ?? Number.NaN,
    notMeasured: 'HTTP, other processes at work, vectors of real passages, Qdrant',
  };
}
