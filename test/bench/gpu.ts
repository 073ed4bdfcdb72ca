/**
 * Chunks of 256 tokens a second in fp16 on a GPU: the product's embedder, from texts to vectors, beside the same weights
 * under PyTorch with flash attention, from token ids that lie ready. And the share of time in which the GPU waits.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { deviceLine } from '../../activities/adapters/onnx/device-choice.ts';
import { type DeviceBatch, DeviceEmbedder } from '../../activities/adapters/onnx/device-embedder.ts';
import { openTokenizer } from '../../activities/adapters/onnx/model-tokenizer.ts';
import { homeOf } from '../../client/home.ts';
import { type FindOptions, findAsset } from '../../workers/assets/find-asset.ts';
import { tokenizerAsset, weightsAsset } from '../../workers/assets/manifest.ts';
import { loadConfig } from '../../workers/config.ts';
import { findDevice, openSessions } from '../../workers/local-embedder.ts';
import { findVariant, variantOf } from '../../workers/model/variants.ts';
import { TorchProcess } from './gpu/torch-process.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const ROUNDS = 5;
const CHUNKS = 32_768;
const TOKENS = 256;
/** As the product does it with a GPU: so many books at once, each with so many chunks between two checkpoints. */
const BOOKS = 16;
const CHUNKS_PER_CHECKPOINT = 256;

/** @throws Error when there is no GPU; with SCRIPTORIUM_DEVICE=cpu both are tried out on the CPU, which computes in float32 */
export async function benchGpu({
  rounds: wanted = ROUNDS,
  chunks = CHUNKS,
  signal,
}: BenchOptions): Promise<BenchReport> {
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  const tokenizerPath = await findAsset(tokenizerAsset, finding);
  const weightsPath = await findAsset(weightsAsset, finding);
  const folder = join(finding.cacheFolder, 'bench-gpu');
  await mkdir(folder, { recursive: true });
  const { device, modelPath } = await deviceAndModel(finding);
  const tokenize = await openTokenizer(tokenizerPath, TOKENS);
  const texts = await sampleTexts(chunks);
  const idsPath = join(folder, 'ids.bin');
  await writeFile(idsPath, new Uint8Array(await allIds(texts, tokenize)));
  const batches: DeviceBatch[] = [];
  await using embedder = new DeviceEmbedder({
    ...{ id: 'bench', deviceName: device, maxTokens: TOKENS, tokenize },
    sessions: await openSessions(device, { modelPath, pooling: 'mean' }),
    onBatch: (batch) => batches.push(batch),
  });
  await using torch = await TorchProcess.start({
    ...{ python: process.env.SCRIPTORIUM_BENCH_PYTHON ?? 'python3', weightsPath, idsPath, tokens: TOKENS },
    device: device === 'cpu' ? 'cpu' : 'cuda',
  });
  // It looks for its size of batch first, as the other did.
  await embedAll(embedder, texts);
  const waiting = new Waiting(batches, device !== 'cpu');
  const rounds = await alternate(
    {
      scriptorium: async () => (chunks * 1_000) / (await waiting.during(() => embedAll(embedder, texts))),
      pytorch: async () => chunks / (await torch.run()),
    },
    wanted,
    signal,
  );
  const [first] = await embedder.embed(texts.slice(0, 1));
  const { device: gpu, torch: version, batch: torchBatch } = torch.about;
  const settings = {
    ...{ device, gpu, torch: version, torchBatch, chunks, tokens: TOKENS, rounds: wanted },
    precision: device === 'cpu' ? 'float32' : 'float16',
    ourBatch: Math.floor(embedder.tokensPerBatch / TOKENS),
    ...{ books: BOOKS, chunksPerCheckpoint: CHUNKS_PER_CHECKPOINT },
  };
  const notMeasured =
    'tokenizing under PyTorch, whose ids lie ready; texts of mixed lengths; loading the model';
  return {
    ...reportOf({ bench: 'gpu', unit: 'chunks/s', settings, notMeasured }, rounds),
    figures: { ...waiting.figures(), cosineOfBoth: cosine(first ?? new Float32Array(), torch.about.first) },
  };
}

/** How much the GPU waits while something is done, round by round. */
class Waiting {
  readonly #batches: DeviceBatch[];
  readonly #hasGpu: boolean;
  readonly #idleShares: number[] = [];
  readonly #usePercents: number[] = [];

  constructor(batches: DeviceBatch[], hasGpu: boolean) {
    this.#batches = batches;
    this.#hasGpu = hasGpu;
  }

  /** Milliseconds that it takes. */
  async during(work: () => Promise<void>): Promise<number> {
    this.#batches.splice(0);
    await using use = this.#hasGpu ? new GpuUse() : null;
    const startedMs = performance.now();
    await work();
    const tookMs = performance.now() - startedMs;
    this.#idleShares.push(1 - coveredMs(this.#batches) / tookMs);
    if (use) this.#usePercents.push(await use.percent());
    return tookMs;
  }

  figures(): Record<string, number | string> {
    return {
      shareOfTimeWithoutBatchInFlight: Number(median(this.#idleShares).toFixed(4)),
      gpuUsePercent: this.#hasGpu ? Number(median(this.#usePercents).toFixed(1)) : 'no GPU',
    };
  }
}

function cosine(a: Float32Array, b: readonly number[]): number {
  const sum = a.reduce((total, value, at) => total + value * (b[at] ?? 0), 0);
  return Number(sum.toFixed(5));
}

async function deviceAndModel(finding: FindOptions) {
  const wanted = loadConfig().embedding.device;
  const modelPath = process.env.SCRIPTORIUM_MODEL ?? (await findVariant(variantOf('fp16'), finding));
  if (wanted === 'cpu') return { device: wanted, modelPath };
  const choice = await findDevice(wanted, { modelPath, pooling: 'mean' }, 1);
  if (choice.device !== 'cpu') return { device: choice.device, modelPath };
  throw new Error(`this benchmark needs a GPU: ${deviceLine(choice)}`);
}

async function embedAll(embedder: DeviceEmbedder, texts: readonly string[]): Promise<void> {
  const perBook = Math.ceil(texts.length / BOOKS);
  await Promise.all(
    Array.from({ length: BOOKS }, async (_, book) => {
      const own = texts.slice(book * perBook, (book + 1) * perBook);
      for (let at = 0; at < own.length; at += CHUNKS_PER_CHECKPOINT)
        await embedder.embed(own.slice(at, at + CHUNKS_PER_CHECKPOINT));
    }),
  );
}

/** Time in which at least one batch was in flight. */
function coveredMs(batches: readonly DeviceBatch[]): number {
  let covered = 0;
  let untilMs = 0;
  for (const { startedMs, endedMs } of [...batches].sort((a, b) => a.startedMs - b.startedMs)) {
    covered += Math.max(0, endedMs - Math.max(startedMs, untilMs));
    untilMs = Math.max(untilMs, endedMs);
  }
  return covered;
}

/** What nvidia-smi says, every tenth of a second: share of time in which any kernel ran. */
class GpuUse implements AsyncDisposable {
  readonly #child = spawn(
    'nvidia-smi',
    ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '--loop-ms=100', '--id=0'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).on('error', () => {});
  readonly #output = text(this.#child.stdout);

  /** Median; NaN without nvidia-smi. */
  async percent(): Promise<number> {
    this.#child.kill();
    return median((await this.#output).split('\n').filter(Boolean).map(Number));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
  }
}

/** Passages of the sample books' sources that fill 256 tokens, with a number each, so that no two are the same. */
async function sampleTexts(count: number): Promise<string[]> {
  const folder = new URL('../../samples/sources/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const words = sources.join(' ').split(/\s+/);
  return Array.from({ length: count }, (_, index) => {
    const from = (index * 97) % (words.length - 300);
    return `${index} ${words.slice(from, from + 290).join(' ')}`;
  });
}

/** int32, one text behind the other. */
async function allIds(
  texts: readonly string[],
  tokenize: (texts: readonly string[]) => Promise<readonly (readonly number[])[]>,
): Promise<ArrayBuffer> {
  const ids = new Int32Array(texts.length * TOKENS);
  for (let at = 0; at < texts.length; at += 1_024)
    for (const [offset, text] of (await tokenize(texts.slice(at, at + 1_024))).entries()) {
      if (text.length !== TOKENS) throw new Error(`a sample text has ${text.length} tokens`);
      ids.set(text, (at + offset) * TOKENS);
    }
  return ids.buffer;
}
