/**
 * Chunks a second of the product's embedder, beside a bare loop over `session.run` and two others' libraries: same texts,
 * same machine, and the same model file where an engine takes one (torch has the 32-bit weights).
 */
import { availableParallelism } from 'node:os';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import { layoutFolderOf } from '../../workers/model/model-choice.ts';
import { findVariant, variantOf } from '../../workers/model/variants.ts';
import { Alternatives, type Engine } from './embed/alternatives.ts';
import { BareLoop } from './embed/bare-loop.ts';
import { bestSettings } from './embed/best-settings.ts';
import { type Mix, mixes, sampleTexts } from './embed/sample-texts.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const ROUNDS = 5;
const CHUNKS = 128;
/** So many times as many, so that a round takes seconds as it does with the mixed ones: in one second the machine's noise is 15 %. */
const MORE_TEXTS = { short: 8, long: 2 } as const;
/** The batch between two checkpoints of the product's pipeline. */
const BATCH = 32;
const ENGINES: readonly Engine[] = ['transformers.js', 'sentence-transformers', 'sentence-transformers ONNX'];

interface Files {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  readonly threads: number;
}

export async function benchEmbed({
  chunks = CHUNKS,
  rounds: wanted = ROUNDS,
  signal,
}: BenchOptions): Promise<BenchReport> {
  const threads = availableParallelism();
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  const modelPath = await findAsset(modelAsset, finding);
  const files: Files = { modelPath, tokenizerPath: await findAsset(tokenizerAsset, finding), threads };
  const variantPath = await findVariant(variantOf('int8'), finding);
  const figures: Record<string, number | string> = {};
  for (const mix of ['short', 'long'] as const) {
    const { medians, ratio } = await besideBare(files, mix, MORE_TEXTS[mix] * chunks, wanted, signal);
    figures[`${mix}: ours, chunks/s`] = Number((medians.scriptorium ?? 0).toFixed(1));
    figures[`${mix}: ours to bare`] = Number(ratio.toFixed(3));
  }
  const texts = await sampleTexts(chunks, 'mixed');
  await using opened = new AsyncDisposableStack();
  const contenders: Record<string, () => Promise<void>> = {};
  const ours = opened.use(await openOurs(files));
  contenders.scriptorium = () => embedAll(ours, texts, threads);
  const bare = opened.use(await BareLoop.start(texts, files));
  contenders.bare = () => bare.run();
  const alternatives = await Alternatives.prepare(homeOf().cache, modelPath);
  for (const engine of ENGINES) {
    const best = await bestSettings(alternatives, engine, texts, threads, signal);
    figures[`${engine}: best batch`] = best.batch ?? 'its own';
    const [plain, tuned] = [
      opened.use(await alternatives.start(engine, texts, { batch: null, threads: null })),
      opened.use(await alternatives.start(engine, texts, best)),
    ];
    contenders[engine] = () => plain.run();
    contenders[`${engine}, best`] = () => tuned.run();
  }
  const fast = opened.use(await openOurs({ ...files, modelPath: variantPath }));
  contenders['scriptorium int8'] = () => embedAll(fast, texts, threads);
  const rounds = await alternate(timed(contenders, chunks), wanted, signal);
  return {
    ...reportOf(
      {
        bench: 'embed',
        unit: 'chunks/s',
        settings: {
          ...{ threads, chunks, words: mixes.mixed.join(' to '), batch: BATCH, rounds: wanted },
          model: modelAsset.sha256.slice(0, 12),
        },
        notMeasured:
          'loading the model, other instruction sets than this machine has, quality of the vectors (bench variants)',
      },
      rounds,
    ),
    figures: { ...figures, ...variantRatios(rounds) },
  };
}

async function besideBare(
  files: Files,
  mix: Mix,
  chunks: number,
  rounds: number,
  signal: AbortSignal,
): Promise<BenchReport> {
  const texts = await sampleTexts(chunks, mix);
  await using ours = await openOurs(files);
  await using bare = await BareLoop.start(texts, files);
  const contenders = {
    scriptorium: () => embedAll(ours, texts, files.threads),
    bare: () => bare.run(),
  };
  const about = { bench: mix, unit: 'chunks/s', settings: {}, notMeasured: '' };
  return reportOf(about, await alternate(timed(contenders, chunks), rounds, signal));
}

/** How our 8-bit file does against each: the median of the rounds' own ratios. */
function variantRatios(rounds: Readonly<Record<string, readonly number[]>>): Record<string, number> {
  const ours = rounds['scriptorium int8'] ?? [];
  const others = Object.entries(rounds).filter(([name]) => name !== 'scriptorium int8');
  return Object.fromEntries(
    others.map(([name, theirs]) => [
      `int8 to ${name}`,
      Number(median(ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN))).toFixed(3)),
    ]),
  );
}

async function openOurs({ modelPath, tokenizerPath, threads }: Files): Promise<OnnxEmbedder> {
  return await OnnxEmbedder.open({
    ...{ ...minilm, modelPath, tokenizerPath, threads },
    layoutFolder: await layoutFolderOf(homeOf()),
  });
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

function timed(
  contenders: Readonly<Record<string, () => Promise<void>>>,
  chunks: number,
): Record<string, () => Promise<number>> {
  return Object.fromEntries(
    Object.entries(contenders).map(([name, work]) => [
      name,
      async () => {
        const started = performance.now();
        await work();
        return (chunks * 1_000) / (performance.now() - started);
      },
    ]),
  );
}
