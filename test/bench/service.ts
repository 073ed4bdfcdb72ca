/**
 * The running service with a large library: searches over HTTP by twenty clients, alone and while books are ingested, and
 * what that costs the ingestion.
 */
import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { buildProduct } from './built-product.ts';
import { generateBooks } from './generated-books.ts';
import type { BenchOptions } from './options.ts';
import { type BenchReport, median } from './report.ts';
import { after, CLIENTS, type Load, lineOf, loaded, steadyLoad } from './search/load.ts';
import { freshQuestions, sentencesOf } from './search/questions.ts';
import { maintained, openSyntheticStore, syntheticFolder } from './search/synthetic-store.ts';

const CHUNKS = 1_350_000;
const SECONDS = 60;
const ROUNDS = 3;
/** Twenty people at work, each with a question every ten seconds. */
const RATE_BESIDE_INGESTION = 2;
const BOOKS = 24;
const PASSAGES = [60, 80] as const;
const FILTER = { library: 'library-1', filters: { years: { from: 1950, to: 1999 } } } as const;

const found = z.object({ hits: z.array(z.unknown()) });

export async function benchService(options: BenchOptions): Promise<BenchReport> {
  const { chunks = CHUNKS, seconds = SECONDS, rounds = ROUNDS, books = BOOKS, signal } = options;
  buildProduct();
  const { folder, questions } = await filledStore(chunks, signal);
  await using home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0' });
  await linkFolder(folder, home.paths.store);
  const shelf = (n: number): string => join(home.folder, `shelf-${n}`);
  for (let n = 0; n < 2 * rounds + 1; n++)
    await generateBooks({ folder: shelf(n), books, from: n * books, passages: PASSAGES });
  const ingest = async (n: number): Promise<number> => {
    signal.throwIfAborted();
    const started = performance.now();
    const { code, result } = await home.json('ingest', shelf(n), '--library', `beside-${n}`);
    if (code !== 0) throw new Error(`ingesting ended with ${code}: ${JSON.stringify(result)}`);
    return (performance.now() - started) / 1_000;
  };
  // Starts the stack, and warms what an ingestion needs.
  await ingest(2 * rounds);
  const url = await home.addressOf('http');
  const ask = (more: object) => async (at: number) => {
    const response = await fetch(`${url}/api/v1/search`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, signal },
      body: JSON.stringify({ query: questions(at), ...more }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    if (found.parse(JSON.parse(text)).hits.length === 0) throw new Error('nothing was found');
  };
  const loads = new Map<string, Load>();
  const note = (name: string, load: Load): Load => {
    loads.set(name, load);
    process.stderr.write(lineOf(name, load));
    return load;
  };
  for (const mode of ['dense', 'hybrid'] as const) {
    for (const [name, filter] of [[mode, {}] as const, [`${mode}, filtered`, FILTER] as const]) {
      const work = ask({ mode, ...filter });
      for (let at = 0; at < CLIENTS; at++) await work(at);
      const { perSecond } = note(name, await loaded(work, { isOver: after(seconds), signal }));
      note(`${name}, steady`, await steadyLoad(work, { perSecond, seconds, signal }));
    }
  }
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await ingest(2 * round));
    process.stderr.write(`ingested in ${alone.at(-1)?.toFixed(1)} s\n`);
    let isOver = false;
    const ingested = ingest(2 * round + 1).finally(() => {
      isOver = true;
    });
    const pace = { rate: RATE_BESIDE_INGESTION, isOver: () => isOver, signal };
    const name = `hybrid beside ingestion${rounds > 1 ? `, round ${round + 1}` : ''}`;
    note(name, await loaded(ask({}), pace));
    beside.push(await ingested);
    process.stderr.write(`ingested in ${beside.at(-1)?.toFixed(1)} s beside questions\n`);
  }
  return reportOf(loads, { alone, beside }, { chunks, seconds, rounds, books });
}

/** Made once for each size, with its indexes; and questions for it. */
async function filledStore(chunks: number, signal: AbortSignal) {
  const cache = homeOf().cache;
  const finding = { cacheFolder: cache, env: process.env };
  await using embedder = await OnnxEmbedder.open({
    modelPath: await findAsset(modelAsset, finding),
    tokenizerPath: await findAsset(tokenizerAsset, finding),
    ...{ modelName: 'all-MiniLM-L6-v2', maxTokens: 256, threads: availableParallelism() },
  });
  const folder = syntheticFolder(cache, chunks);
  const sentences = await sentencesOf(cache, signal);
  const { stores } = await openSyntheticStore({
    ...{ folder, sentences, chunks, signal },
    ...{ embedderId: embedder.id, dimensions: embedder.dimensions },
  });
  await using _store = stores.store;
  await using _catalog = stores.catalog;
  await maintained(stores, signal);
  return { folder, questions: await freshQuestions(sentences) };
}

/** Files of a LanceDB table are written once: a link does for a copy. */
async function linkFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, source));
    await mkdir(dirname(target), { recursive: true });
    await link(source, target).catch(() => copyFile(source, target));
  }
}

function reportOf(
  loads: ReadonlyMap<string, Load>,
  { alone, beside }: { readonly alone: readonly number[]; readonly beside: readonly number[] },
  settings: BenchReport['settings'],
): BenchReport {
  const figures: Record<string, number> = {};
  for (const [name, load] of loads)
    for (const [key, figure] of Object.entries(load)) figures[`${name}: ${key}`] = figure;
  const ratio = median(beside.map((figure, round) => figure / (alone[round] ?? Number.NaN)));
  return {
    ...{ bench: 'service', unit: 's of an ingestion', figures, ratio },
    settings: { ...settings, clients: CLIENTS, 'questions a second beside': RATE_BESIDE_INGESTION },
    rounds: { scriptorium: beside, 'no questions': alone },
    medians: { scriptorium: median(beside), 'no questions': median(alone) },
    ratios: { 'no questions': ratio },
    notMeasured: 'vectors of real passages, a network between, Qdrant',
  };
}
