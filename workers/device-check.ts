/** What `doctor` says of the device that embeds. */
import { deviceLine } from '../activities/adapters/onnx/device-choice.ts';
import { toScriptoriumError } from '../activities/errors.ts';
import { type Check, ok, skipped, wrong } from '../client/cli/doctor/check.ts';
import { presentAsset } from './assets/find-asset.ts';
import { modelAsset } from './assets/manifest.ts';
import type { Config } from './config.ts';
import { findDevice } from './local-embedder.ts';
import { chosenVariant } from './model/model-choice.ts';

/** A faster device that does not work is told, and is nothing wrong unless it was asked for. */
export async function deviceCheck({ embedding, home, env }: Config): Promise<Check> {
  try {
    const asset = (await chosenVariant({ home, env }))?.asset ?? modelAsset;
    const modelPath = await presentAsset(asset, { cacheFolder: home.cache, env });
    if (modelPath === null) return skipped('device', 'needs the model');
    return ok('device', deviceLine(await findDevice(embedding.device, modelPath, embedding.threads)));
  } catch (error) {
    const { code, message, remedy } = toScriptoriumError(error);
    return wrong('device', `${code}: ${message}`, remedy);
  }
}
