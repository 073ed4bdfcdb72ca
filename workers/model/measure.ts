/** How fast each file of the model is on this very CPU, and how near its vectors are to the most exact one's. */
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { MEASURED_TEXTS } from './measured-texts.ts';
import { minilm } from './minilm.ts';
import type { ModelVariant, VariantName } from './variants.ts';

export interface Measured {
  readonly variant: VariantName;
  readonly chunksPerSecond: number;
  /** Mean cosine to the vectors of `reference`. */
  readonly cosine: number;
  readonly reference: VariantName;
}

const ROUNDS = 3;
/** So many of each thread, that none is idle for long. */
const TEXTS_PER_THREAD = 8;
/** On every CPU that was tried the variants lie above 0.999; one whose 8-bit products overflow lies far below. */
const LEAST_COSINE = 0.998;
/** Less is noise, and not worth another file than everybody's. */
export const LEAST_GAIN = 1.1;

/**
 * Takes some seconds, and all of `threads`.
 * @throws ScriptoriumError ASSET_UNAVAILABLE for a file that can't be loaded
 */
export async function measureVariants(
  atHand: readonly { readonly variant: ModelVariant; readonly path: string }[],
  tokenizerPath: string,
  { threads, layoutFolder }: { readonly threads: number; readonly layoutFolder: string },
): Promise<readonly Measured[]> {
  await using opened = new AsyncDisposableStack();
  const contenders = [];
  for (const { variant, path } of atHand) {
    const embedder = await OnnxEmbedder.open({
      ...{ ...minilm, modelPath: path, tokenizerPath, threads, layoutFolder },
    });
    contenders.push({ variant, embedder: opened.use(embedder), times: [] as number[] });
  }
  const exact = mostExact(contenders);
  const repeats = Math.ceil((TEXTS_PER_THREAD * threads) / MEASURED_TEXTS.length);
  const timed = Array.from({ length: repeats }, () => MEASURED_TEXTS).flat();
  const reference = await exact.embedder.embed(MEASURED_TEXTS);
  for (let round = 0; round < ROUNDS; round++)
    for (const { embedder, times } of contenders) times.push(await timeOf(embedder, timed));
  return await Promise.all(
    contenders.map(async ({ variant, embedder, times }) => ({
      variant: variant.name,
      chunksPerSecond: (timed.length * 1_000) / Math.min(...times),
      cosine: meanCosine(reference, await embedder.embed(MEASURED_TEXTS)),
      reference: exact.variant.name,
    })),
  );
}

/** On a CPU whose 8-bit products overflow, a file that computes with them is near to itself alone, whatever its recall elsewhere. */
export function mostExact<C extends { readonly variant: ModelVariant }>(contenders: readonly C[]): C {
  const [best] = contenders.toSorted(
    ({ variant: a }, { variant: b }) =>
      b.computesWith - a.computesWith || (b.recallAt10 ?? 0) - (a.recallAt10 ?? 0),
  );
  if (!best)
    throw new ScriptoriumError(
      'ASSET_UNAVAILABLE',
      'No file of the model is at hand to measure: `scriptorium up` fetches one, `scriptorium model make int8` makes another',
    );
  return best;
}

/** The default, unless another one is clearly faster and as good. */
export function fastestOf(measured: readonly Measured[]): { variant: VariantName; reason: string } {
  const standard = measured.find(({ variant }) => variant === 'int8-weights');
  const standardSpeed = standard?.chunksPerSecond ?? 0;
  const [best] = measured
    .filter(
      ({ cosine, chunksPerSecond }) =>
        cosine >= LEAST_COSINE && chunksPerSecond >= standardSpeed * LEAST_GAIN,
    )
    .sort((a, b) => b.chunksPerSecond - a.chunksPerSecond);
  if (!best) return { variant: 'int8-weights', reason: 'measured: no other file is clearly faster here' };
  const gain = (best.chunksPerSecond / standardSpeed).toFixed(2);
  return { variant: best.variant, reason: `measured: ${gain} times as fast here as int8-weights` };
}

async function timeOf(embedder: OnnxEmbedder, texts: readonly string[]): Promise<number> {
  const started = performance.now();
  await embedder.embed(texts);
  return performance.now() - started;
}

function meanCosine(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const dots = a.map((vector, at) => vector.reduce((sum, value, i) => sum + value * (b[at]?.[i] ?? 0), 0));
  return dots.reduce((sum, dot) => sum + dot, 0) / dots.length;
}
