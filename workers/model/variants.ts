/** The files of the default embedding model: what each is, and how it is had. */
import { writeFile } from 'node:fs/promises';
import { minilmGpuGraph } from '../../activities/adapters/onnx/graphs/minilm-gpu-graph.ts';
import { minilmGraph } from '../../activities/adapters/onnx/graphs/minilm-graph.ts';
import { readSafetensors, type Weights } from '../../activities/adapters/onnx/graphs/safetensors.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { type FindOptions, findAsset, madeAsset, presentAsset } from '../assets/find-asset.ts';
import { type Asset, modelAsset, weightsAsset } from '../assets/manifest.ts';

export const VARIANT_NAMES = ['int8-weights', 'int8', 'fp32', 'fp16'] as const;
export type VariantName = (typeof VARIANT_NAMES)[number];

export interface ModelVariant {
  readonly name: VariantName;
  /** What its weights are, and what it computes with. */
  readonly precision: string;
  /** Bits of the numbers that it computes with. */
  readonly computesWith: 8 | 16 | 32;
  /** Share of the ten nearest passages by fp32 that are nearest by it, over real chunks; see docs/performance.md. Null: not measured yet. */
  readonly recallAt10: number | null;
  readonly asset: Asset;
  /** Its bytes, from the publisher's weights. Absent: it is fetched. */
  made?(weights: Weights): Uint8Array;
  /** What it is made for; a CPU computes the files for GPUs, too, but slower. */
  readonly hardware: 'cpu' | 'gpu';
}

/** The first is the default. */
export const variants: readonly ModelVariant[] = [
  {
    name: 'int8-weights',
    precision: 'weights of 8 bits, computes with 32',
    computesWith: 32,
    recallAt10: 0.973,
    asset: modelAsset,
    hardware: 'cpu',
  },
  {
    name: 'int8',
    precision: 'computes with 8 bits where its layers bear it, else with 32',
    computesWith: 8,
    recallAt10: 0.976,
    asset: madeHere('model-int8', 'ccb3fcec506afda95302fe28a2423cbdc272797a4e8c5650f9ded409381c4d29'),
    made: (weights) => minilmGraph(weights, 'int8'),
    hardware: 'cpu',
  },
  {
    name: 'fp32',
    precision: 'weights of 32 bits, computes with 32: the reference',
    computesWith: 32,
    recallAt10: 1,
    asset: madeHere('model-fp32', '1b0f00e6790daf70cafab3384eafc434d44f84db65aa25f47bf14f98d4c3786f'),
    made: (weights) => minilmGraph(weights, 'fp32'),
    hardware: 'cpu',
  },
  {
    name: 'fp16',
    precision: 'computes with 16 bits: for GPUs',
    computesWith: 16,
    recallAt10: 0.999,
    asset: madeHere('model-fp16', '0c55f21f7018cabcb75616383f880cbe01615aef7c67771297a7a212b0cee8e4'),
    made: minilmGpuGraph,
    hardware: 'gpu',
  },
];

/** @throws ScriptoriumError INVALID_ARGUMENT, which lists those that there are */
export function variantOf(name: string): ModelVariant {
  const variant = variants.find((own) => own.name === name);
  if (variant) return variant;
  const names = variants.map((own) => own.name).join(', ');
  throw new ScriptoriumError(
    'INVALID_ARGUMENT',
    `There is no variant ${name} of the model; there are ${names}`,
  );
}

/**
 * Path of its file, which is fetched or made where it is not at hand. Making takes some ten seconds, and fetches 90 MB once.
 * @throws ScriptoriumError ASSET_UNAVAILABLE
 */
export async function findVariant({ asset, made }: ModelVariant, finding: FindOptions): Promise<string> {
  if (!made) return await findAsset(asset, finding);
  return await madeAsset(asset, finding, async (path) => {
    const weights = await readSafetensors(await findAsset(weightsAsset, finding));
    await writeFile(path, made(weights));
  });
}

/** Path of its file; null where it would have to be fetched or made. */
export function presentVariant({ asset }: ModelVariant, finding: FindOptions): Promise<string | null> {
  // The variable names a file instead of all of them, so that it says nothing of one.
  return presentAsset(asset, { ...finding, env: {} });
}

function madeHere(name: 'model-int8' | 'model-fp32' | 'model-fp16', sha256: string): Asset {
  return {
    ...{ name, sha256, title: 'embedding model all-MiniLM-L6-v2', version: '1' },
    ...{ fileName: 'model.onnx', executable: false, variable: modelAsset.variable, sources: [] },
  };
}
