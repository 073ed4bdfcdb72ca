/** What `doctor` says of the device that embeds. */
import { deviceLine } from '../activities/adapters/onnx/device-choice.ts';
import { toScriptoriumError } from '../activities/errors.ts';
import { type Check, ok, skipped, wrong } from '../client/cli/doctor/check.ts';
import { presentAsset } from './assets/find-asset.ts';
import { modelAsset } from './assets/manifest.ts';
import type { Config } from './config.ts';
import { findDevice } from './local-embedder.ts';
import { findLocalModel } from './model/local-model.ts';
import { minilm } from './model/minilm.ts';
import { chosenVariant } from './model/model-choice.ts';

/** A faster device that does not work is told, and is nothing wrong unless it was asked for. */
export async function deviceCheck(config: Config): Promise<Check> {
  const { device, threads } = config.embedding;
  try {
    const model = await presentModel(config);
    if (model === null) return skipped('device', 'needs the model');
    return ok('device', deviceLine(await findDevice(device, model, threads)));
  } catch (error) {
    const { code, message, remedy } = toScriptoriumError(error);
    return wrong('device', `${code}: ${message}`, remedy);
  }
}

async function presentModel({ embedding, home, env }: Config) {
  const finding = { cacheFolder: home.cache, env };
  if (embedding.folder) return await findLocalModel({ embedding, home, env }, finding);
  const asset = (await chosenVariant({ home, env }))?.asset ?? modelAsset;
  const modelPath = await presentAsset(asset, finding);
  return modelPath === null ? null : { modelPath, pooling: minilm.pooling };
}
