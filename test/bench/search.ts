/**
 * Search over a large library: twenty clients at once in the process that holds model and store, as a server serves them,
 * with and without a filter, by the indexes and by scan; and the store's own bare query beside it.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openLanceDatabase } from '../../activities/adapters/lancedb/database.ts';
import { pointTableName } from '../../activities/adapters/lancedb/vector-store.ts';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { type RetrieveInput, search } from '../../activities/retrieve.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import type { BenchOptions } from './options.ts';
import type { BenchReport } from './report.ts';
import { readCorpus } from './retrieval/corpus.ts';
import { readQuestions } from './retrieval/labelled.ts';
import { percentile } from './retrieval/metrics.ts';
import { Seeded } from './search/seeded-numbers.ts';
import { openSyntheticStore, type Stores } from './search/synthetic-store.ts';

const CHUNKS = 1_350_000;
const CLIENTS = 20;
const SECONDS = 60;
/** Scans take seconds each, and of the words of a million texts more than ten. */
const SCAN_SECONDS = 20;
const MOST_SCANNED = 100_000;
const HITS = 10;
/** Of the rate at which twenty clients that never pause are answered: a service is not run at its limit. */
const STEADY_SHARE = 0.7;
const FILTER = { library: 'library-1', filters: { years: { from: 1950, to: 1999 } } } as const;

interface Load {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
  readonly errors: number;
}

export async function benchSearch(options: BenchOptions): Promise<BenchReport> {
  const { chunks = CHUNKS, seconds = SECONDS, signal } = options;
  const cache = homeOf().cache;
  const finding = { cacheFolder: cache, env: process.env };
  await using embedder = await OnnxEmbedder.open({
    modelPath: await findAsset(modelAsset, finding),
    tokenizerPath: await findAsset(tokenizerAsset, finding),
    ...{ modelName: 'all-MiniLM-L6-v2', maxTokens: 256, threads: availableParallelism() },
  });
  const folder = join(cache, `bench-search-${chunks}`);
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
  const measure = async (
    name: string,
    work: (at: number) => Promise<unknown>,
    forSeconds = seconds,
    rate = Number.POSITIVE_INFINITY,
  ) => {
    const load = await loaded(work, { rate, seconds: forSeconds, signal });
    loads.set(name, load);
    const { p50Ms, p95Ms, perSecond, errors } = load;
    process.stderr.write(
      `${name.padEnd(28)} p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, ${perSecond.toFixed(1)}/s, ${errors} errors\n`,
    );
  };
  const ask = (more: Partial<RetrieveInput>) => (at: number) =>
    search({ ...stores, embedder }, { query: questions(at), topK: HITS, ...more }, signal);
  if (await stores.store.needsUpkeep()) {
    if (chunks <= MOST_SCANNED) {
      await measure('dense by scan', ask({ mode: 'dense' }), SCAN_SECONDS);
      await measure('hybrid by scan', ask({}), SCAN_SECONDS);
    }
    const started = performance.now();
    while ((await stores.store.needsUpkeep()) && !signal.aborted)
      for (const line of (await stores.store.maintain(signal)).done) process.stderr.write(`${line}\n`);
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
      const rate = STEADY_SHARE * (loads.get(name)?.perSecond ?? 0);
      await measure(`${name}, steady`, ask({ mode, ...filter }), seconds, rate);
    }
  }
  return loads;
}

interface Pace {
  /** Questions a second; without end, each client asks again as soon as it is answered. */
  readonly rate: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** `CLIENTS` at once. A question's time counts from when it was due: one that had to wait for a free client shows it. */
async function loaded(
  work: (at: number) => Promise<unknown>,
  { rate, seconds, signal }: Pace,
): Promise<Load> {
  for (let at = 0; at < CLIENTS; at++) await work(at);
  const ms: number[] = [];
  let errors = 0;
  let next = 0;
  const started = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() - started < seconds * 1_000 && !signal.aborted) {
      const at = next++;
      const due = Number.isFinite(rate) ? started + (at / rate) * 1_000 : performance.now();
      if (due > performance.now()) await delay(due - performance.now());
      await work(at).catch(() => {
        errors += 1;
      });
      ms.push(performance.now() - due);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  signal.throwIfAborted();
  const elapsed = (performance.now() - started) / 1_000;
  return { p50Ms: percentile(ms, 0.5), p95Ms: percentile(ms, 0.95), perSecond: ms.length / elapsed, errors };
}

/** The store's own query, with nothing of ours around it. */
async function bareSearch(folder: string, name: string): Promise<(vector: Float32Array) => Promise<unknown>> {
  const { connection } = await openLanceDatabase(folder);
  const table = await connection.openTable(name);
  return (vector) => table.query().nearestTo(vector).distanceType('cosine').limit(HITS).toArray();
}

/** Labelled questions, each time with two other words of the books: no question is asked twice, as what is kept of one helps the next. */
async function freshQuestions(sentences: readonly string[]): Promise<(at: number) => string> {
  const questions = (await readQuestions()).map(({ question }) => question);
  const random = new Seeded(17);
  const word = (): string => random.pick(random.pick(sentences).split(' '));
  return (at) => `${questions[at % questions.length]} ${word()} ${word()}`;
}

/** Of the books of the labelled set, so that its questions meet the words of a real library. */
async function sentencesOf(cache: string, signal: AbortSignal): Promise<string[]> {
  const books = await readCorpus(join(cache, 'bench-retrieval'), signal);
  const texts = books.flatMap(({ units }) => units.map(({ text }) => text));
  const all = texts.flatMap((text) => text.split(/(?<=[.!?])\s+|\n\n+/));
  return all.filter(({ length }) => length > 40 && length < 400);
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
