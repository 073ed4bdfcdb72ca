import { availableParallelism } from 'node:os';
import { OnnxEmbedder } from '../../../activities/adapters/onnx/onnx-embedder.ts';
import { findAsset } from '../../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../../workers/assets/manifest.ts';
import { minilm } from '../../../workers/model/minilm.ts';

/** The default model, on all cores. */
export async function openModel(cache: string): Promise<OnnxEmbedder> {
  const finding = { cacheFolder: cache, env: process.env };
  return await OnnxEmbedder.open({
    modelPath: await findAsset(modelAsset, finding),
    tokenizerPath: await findAsset(tokenizerAsset, finding),
    ...{ ...minilm, threads: availableParallelism() },
  });
}
