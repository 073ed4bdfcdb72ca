/** The model that embeds on this machine: all-MiniLM-L6-v2, or what is in the folder that SCRIPTORIUM_MODEL_FOLDER names. */
import { refuseExternalWeights } from '../../activities/adapters/onnx/external-weights.ts';
import { type LocalModel, readModelFolder } from '../../activities/adapters/onnx/model-folder.ts';
import { type FindOptions, findAsset } from '../assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../assets/manifest.ts';
import type { Config } from '../config.ts';
import { minilm } from './minilm.ts';
import { findChosenModel } from './model-choice.ts';

type ModelConfig = Pick<Config, 'home' | 'env'> & {
  readonly embedding: Pick<Config['embedding'], 'folder'>;
};

/**
 * Its files are fetched where they are not at hand, but for those of a folder.
 * @throws ScriptoriumError ASSET_UNAVAILABLE, INVALID_CONFIG
 */
export async function findLocalModel(config: ModelConfig, finding: FindOptions): Promise<LocalModel> {
  const { folder } = config.embedding;
  const model = folder ? await modelInFolder(folder, finding) : await ownModel(config, finding);
  // Those of the manifest are known by their hash.
  if (folder || config.env[modelAsset.variable]) await refuseExternalWeights(model.modelPath);
  return model;
}

async function ownModel(config: ModelConfig, finding: FindOptions): Promise<LocalModel> {
  const modelPath = await findChosenModel(config, finding);
  return { ...minilm, modelPath, tokenizerPath: await findAsset(tokenizerAsset, finding) };
}

/** Of the model, whoever embeds. @throws ScriptoriumError ASSET_UNAVAILABLE, INVALID_CONFIG */
export async function findTokenizer({ embedding }: ModelConfig, finding: FindOptions): Promise<string> {
  if (embedding.folder) return (await modelInFolder(embedding.folder, finding)).tokenizerPath;
  return await findAsset(tokenizerAsset, finding);
}

/** One of its files may be another one than that of the standard name. */
async function modelInFolder(
  { path, prefixes }: NonNullable<Config['embedding']['folder']>,
  finding: FindOptions,
): Promise<LocalModel> {
  const { env } = finding;
  const modelPath = env[modelAsset.variable] ? await findAsset(modelAsset, finding) : undefined;
  const tokenizerPath = env[tokenizerAsset.variable] ? await findAsset(tokenizerAsset, finding) : undefined;
  return await readModelFolder(path, { prefixes, modelPath, tokenizerPath });
}
