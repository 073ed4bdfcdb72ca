/** The files of the model: how near the vectors of each are to those of fp32 over real chunks, and how fast each is. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import { findVariant, type ModelVariant, variantOf, variants } from '../../workers/model/variants.ts';
import { nearnessOf } from './embed/neighbours.ts';
import { realChunks } from './embed/real-chunks.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, reportOf } from './report.ts';
import { cachedVectors } from './retrieval/cached-vectors.ts';

const CHUNKS = 10_000;
const QUERIES = 2_000;
const ROUNDS = 5;
const TIMED = 64;

export async function benchVariants({
  chunks = CHUNKS,
  rounds: wanted = ROUNDS,
  signal,
}: BenchOptions): Promise<BenchReport> {
  const cache = homeOf().cache;
  const finding = { cacheFolder: cache, env: {} };
  const tokenizerPath = await findAsset(tokenizerAsset, finding);
  const threads = availableParallelism();
  const open = async (variant: ModelVariant): Promise<OnnxEmbedder> =>
    await OnnxEmbedder.open({
      ...{ ...minilm, modelPath: await findVariant(variant, finding), tokenizerPath, threads },
    });
  const texts = await realChunks(chunks, cache, tokenizerPath, signal);
  const vectorsOf = async (variant: ModelVariant): Promise<Float32Array[]> => {
    await using embedder = await open(variant);
    return await cachedVectors(embedder, texts, join(cache, 'bench-variants'), signal);
  };
  const exact = await vectorsOf(variantOf('fp32'));
  const queries = Math.min(QUERIES, texts.length);
  const figures: Record<string, number> = {};
  for (const variant of variants) {
    const nearness = nearnessOf(exact, await vectorsOf(variant), queries);
    for (const [what, figure] of Object.entries(nearness))
      figures[`${variant.name}_${what}`] = Number(figure.toFixed(5));
  }
  const rounds = await speeds(open, texts, wanted, signal);
  return {
    ...reportOf(
      {
        bench: 'variants',
        unit: 'chunks/s',
        settings: { threads, chunks: texts.length, queries, timed: TIMED, rounds: wanted },
        notMeasured: 'other instruction sets than this machine has, questions of people, other languages',
      },
      rounds,
    ),
    figures,
  };
}

/** Ours is the variant `int8`, the one that has to earn its place. */
async function speeds(
  open: (variant: ModelVariant) => Promise<OnnxEmbedder>,
  texts: readonly string[],
  rounds: number,
  signal: AbortSignal,
): Promise<Record<string, number[]>> {
  await using opened = new AsyncDisposableStack();
  const step = Math.max(1, Math.floor(texts.length / TIMED));
  const timed = texts.filter((_, at) => at % step === 0).slice(0, TIMED);
  const contenders: Record<string, () => Promise<number>> = {};
  for (const variant of variants) {
    const embedder = opened.use(await open(variant));
    contenders[variant.name === 'int8' ? 'scriptorium' : variant.name] = async () => {
      const started = performance.now();
      await embedder.embed(timed);
      return (timed.length * 1_000) / (performance.now() - started);
    };
  }
  return await alternate(contenders, rounds, signal);
}
