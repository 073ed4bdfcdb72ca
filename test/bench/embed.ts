/** Chunks a second of the product's embedder against a bare loop over `session.run`: same model, threads and texts. */
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, reportOf } from './report.ts';

const ROUNDS = 7;
const CHUNKS = 256;
/** The batch between two checkpoints of the product's pipeline. */
const BATCH = 32;

export async function benchEmbed({ signal }: Pick<BenchOptions, 'signal'>): Promise<BenchReport> {
  const threads = availableParallelism();
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  const [modelPath, tokenizerPath] = [
    await findAsset(modelAsset, finding),
    await findAsset(tokenizerAsset, finding),
  ];
  const texts = await sampleTexts(CHUNKS);
  await using embedder = await OnnxEmbedder.open({
    modelPath,
    tokenizerPath,
    modelName: 'bench',
    maxTokens: 256,
    threads,
  });
  const bare = await BareLoop.start(texts, { modelPath, tokenizerPath, threads });
  const rounds = await alternate(
    { scriptorium: () => rate(() => embedAll(embedder, texts, threads)), bare: () => rate(() => bare.run()) },
    ROUNDS,
    signal,
  );
  await bare.stop();
  return reportOf(
    {
      bench: 'embed',
      unit: 'chunks/s',
      settings: {
        threads,
        chunks: CHUNKS,
        words: '20 to 180',
        batch: BATCH,
        rounds: ROUNDS,
        model: modelAsset.sha256.slice(0, 12),
      },
      notMeasured: 'loading the model, other instruction sets than this machine has, quality of the vectors',
    },
    rounds,
  );
}

/** As the pipeline does it: as many books at once as there are threads, batch by batch. */
async function embedAll(embedder: OnnxEmbedder, texts: readonly string[], books: number): Promise<void> {
  const perBook = Math.ceil(texts.length / books);
  await Promise.all(
    Array.from({ length: books }, async (_, book) => {
      const own = texts.slice(book * perBook, (book + 1) * perBook);
      for (let at = 0; at < own.length; at += BATCH) await embedder.embed(own.slice(at, at + BATCH));
    }),
  );
}

async function rate(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (CHUNKS * 1_000) / (performance.now() - started);
}

/** Passages of the sample books' sources, of 20 to 180 words, the same ones every time. */
async function sampleTexts(count: number): Promise<string[]> {
  const folder = new URL('../../samples/sources/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const words = sources.join(' ').split(/\s+/);
  return Array.from({ length: count }, (_, index) => {
    const from = (index * 97) % (words.length - 200);
    return words.slice(from, from + 20 + ((index * 53) % 161)).join(' ');
  });
}

/** The texts dealt out to as many threads as the product uses, so that each has about the same to do. */
class BareLoop {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  static async start(
    texts: readonly string[],
    { threads, ...files }: { modelPath: string; tokenizerPath: string; threads: number },
  ) {
    const workers = Array.from({ length: threads }, (_, thread) => {
      const own = texts.filter((_text, index) => index % threads === thread);
      return new Worker(new URL('./bare-thread.ts', import.meta.url), {
        workerData: { ...files, texts: own },
      });
    });
    await Promise.all(workers.map(nextMessage));
    return new BareLoop(workers);
  }

  async run(): Promise<void> {
    const done = this.#workers.map(nextMessage);
    for (const worker of this.#workers) worker.postMessage('run');
    await Promise.all(done);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function nextMessage(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
}
