/**
 * The running service with a large library: searches over HTTP by twenty clients, alone and while books are ingested, and
 * what that costs the ingestion.
 */
import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { homeOf } from '../../client/home.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { buildProduct } from './built-product.ts';
import { generateBooks } from './generated-books.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, reportOf } from './report.ts';
import { after, CLIENTS, type Load, lineOf, loaded, steadyLoad } from './search/load.ts';
import { openModel } from './search/model.ts';
import { freshQuestions, sentencesOf } from './search/questions.ts';
import { FILTER, maintained, openSyntheticStore, syntheticFolder } from './search/synthetic-store.ts';

const CHUNKS = 1_350_000;
const SECONDS = 60;
const ROUNDS = 3;
/**
 * Questions a second: twenty people at work, each with a question every seven seconds. Where all cores are busy a question takes
 * 80 ms of one, so that a fifth of the ingestion's time pays for four at most.
 */
const RATE_BESIDE_INGESTION = 3;
/** Until upkeep has done what the last ingestion left, and takes nobody for asking any more. */
const QUIET_MS = 75_000;
const BOOKS = 24;
const PASSAGES = [60, 80] as const;

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
  await delay(QUIET_MS, undefined, { signal });
  const kinds = (['dense', 'hybrid'] as const).flatMap((mode) => [
    { name: mode, work: ask({ mode }) },
    { name: `${mode}, filtered`, work: ask({ mode, ...FILTER }) },
  ]);
  const loads = new Map<string, Load>();
  const note = (name: string, load: Load): Load => {
    loads.set(name, load);
    process.stderr.write(lineOf(name, load));
    return load;
  };
  for (const { name, work } of kinds) {
    for (let at = 0; at < CLIENTS; at++) await work(at);
    const { perSecond } = note(name, await loaded(work, { isOver: after(seconds), signal }));
    note(`${name}, steady`, await steadyLoad(work, { perSecond, seconds, signal }));
  }
  const beside = async (n: number): Promise<number> => {
    let isOver = false;
    const ingested = ingest(n).finally(() => {
      isOver = true;
    });
    const pace = { rate: RATE_BESIDE_INGESTION, isOver: () => isOver, signal };
    const inTurn = async (at: number) => await kinds[at % kinds.length]?.work(at);
    note(`each kind in turn, beside ingestion ${n}`, await loaded(inTurn, pace));
    return await ingested;
  };
  let shelves = 0;
  const quietly = (work: (n: number) => Promise<number>) => async () => {
    await delay(QUIET_MS, undefined, { signal });
    return 3_600 / (await work(shelves++));
  };
  const ingestions = await alternate(
    { scriptorium: quietly(beside), 'no questions': quietly(ingest) },
    rounds,
    signal,
  );
  return reportOfLoads(loads, ingestions, { chunks, seconds, rounds, books });
}

/** Made once for each size, with its indexes; and questions for it. */
async function filledStore(chunks: number, signal: AbortSignal) {
  const cache = homeOf().cache;
  await using embedder = await openModel(cache);
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

function reportOfLoads(
  loads: ReadonlyMap<string, Load>,
  ingestions: Record<string, number[]>,
  settings: BenchReport['settings'],
): BenchReport {
  const figures: Record<string, number> = {};
  for (const [name, load] of loads)
    for (const [key, figure] of Object.entries(load)) figures[`${name}: ${key}`] = figure;
  const report = reportOf(
    {
      ...{ bench: 'service', unit: 'ingestions an hour' },
      settings: { ...settings, clients: CLIENTS, 'questions a second beside': RATE_BESIDE_INGESTION },
      notMeasured: 'vectors of real passages, a network between, Qdrant',
    },
    ingestions,
  );
  for (const [who, rate] of Object.entries(report.medians))
    figures[`ingestion, ${who === 'scriptorium' ? 'beside questions' : who}: s`] = 3_600 / rate;
  return { ...report, figures };
}
