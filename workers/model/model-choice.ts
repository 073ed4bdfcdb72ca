/**
 * Which file of the model a home uses. It is written down once, beside the store, and every process of the stack obeys: no
 * vectors of two files ever meet, since a library is pinned to the file's hash, but a home that changed its file could
 * not search what it has.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { pointTableName } from '../../activities/adapters/model-hash.ts';
import type { Gpu, Probe } from '../../activities/adapters/onnx/device-choice.ts';
import { embedderIdOfHashes } from '../../activities/adapters/onnx/embedder-id.ts';
import { DIMENSIONS } from '../../activities/adapters/onnx/graphs/minilm-graph.ts';
import { runDeviceProbe } from '../../activities/adapters/onnx/run-device-probe.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { Home } from '../../client/home.ts';
import { writeProblem } from '../../client/write-problem.ts';
import type { FindOptions } from '../assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../assets/manifest.ts';
import type { Config } from '../config.ts';
import { findDevice } from '../local-embedder.ts';
import { fastestOf, LEAST_GAIN, type measureVariants } from './measure.ts';
import { measureVariantsApart } from './measure-apart.ts';
import { minilm } from './minilm.ts';
import {
  findVariant,
  type ModelVariant,
  presentVariant,
  VARIANT_NAMES,
  type VariantName,
  variantOf,
  variants,
} from './variants.ts';

const choice = z.object({ variant: z.enum(VARIANT_NAMES), reason: z.string() });
type Choice = z.infer<typeof choice>;

type ModelConfig = Pick<Config, 'home' | 'env' | 'store'> & {
  readonly embedding: Pick<Config['embedding'], 'threads' | 'device'>;
};

/** The variant that this home uses: the default where none was chosen. Null: a setting names the model. */
export async function chosenVariant({
  home,
  env,
}: Pick<Config, 'home' | 'env'>): Promise<ModelVariant | null> {
  if (namingVariable(env)) return null;
  return variantOf(await currentVariant(home));
}

async function currentVariant(home: Config['home']): Promise<VariantName> {
  return (await readChoice(home.folder))?.variant ?? (await variantOfStore(home.store)) ?? 'int8-weights';
}

/** What a store was made with that was restored without its home's choice: the name of its table says so. */
async function variantOfStore(folder: string): Promise<VariantName | null> {
  const names = new Set(await readdir(folder).catch(() => []));
  const made = variants.find(({ asset }) => {
    const id = embedderIdOfHashes(minilm, { model: asset.sha256, tokenizer: tokenizerAsset.sha256 });
    return names.has(`${pointTableName(id, DIMENSIONS)}.lance`);
  });
  return made?.name ?? null;
}

/** Path of the model's file. @throws ScriptoriumError ASSET_UNAVAILABLE */
export async function findChosenModel(
  config: Pick<Config, 'home' | 'env'>,
  finding: FindOptions,
): Promise<string> {
  const [standard] = variants;
  const variant = (await chosenVariant(config)) ?? standard;
  if (!variant) throw new ScriptoriumError('INTERNAL', 'the manifest holds no model');
  return await findVariant(variant, finding);
}

/** What looks at the machine. */
export interface Machine {
  readonly filesAtHand: typeof variantsAtHand;
  readonly findDevice: typeof findDevice;
  readonly probe: typeof runDeviceProbe;
  readonly measure: typeof measureVariants;
}

const THIS_MACHINE: Machine = {
  ...{ filesAtHand: variantsAtHand, findDevice, probe: runDeviceProbe },
  measure: measureVariantsApart,
};

/**
 * Chooses for a home that has neither a choice nor a store: the fastest of the files that are at hand, on the device that will
 * embed. A home with a store keeps what it was made with. Seconds where there is a choice, else nothing.
 */
export async function settleModel(
  config: ModelConfig,
  finding: FindOptions,
  tokenizerPath: string,
  machine = THIS_MACHINE,
): Promise<Choice | null> {
  const { home, env, store, embedding } = config;
  const settled = namingVariable(env) || (await readChoice(home.folder));
  if (settled || store.kind !== 'lancedb' || !(await isEmpty(home.store))) return null;
  const atHand = await machine.filesAtHand(finding);
  const standard = atHand.find(({ variant }) => variant.name === 'int8-weights');
  if (atHand.length < 2 || !standard) return null;
  const { threads } = embedding;
  const { pooling } = minilm;
  const usual = { modelPath: standard.path, pooling };
  const { device } = await machine.findDevice(embedding.device, usual, threads);
  if (device !== 'cpu') {
    const probe = ({ path }: FileAtHand) =>
      machine.probe(device, { model: { modelPath: path, pooling }, cpuThreads: threads });
    const choice = await fastestOnGpu(device, standard, atHand, probe);
    return choice && (await writeChoice(home.folder, choice));
  }
  const forCpu = atHand.filter(({ variant }) => variant.hardware === 'cpu');
  if (forCpu.length < 2) return null;
  const measured = await machine.measure(forCpu, tokenizerPath, {
    ...{ threads, layoutFolder: await layoutFolderOf(home) },
  });
  const { variant, reason } = fastestOf(measured);
  return await writeChoice(home.folder, { variant, reason });
}

/** GPUs have no kernels for the files of CPUs but the default, which they compute in 32 bits. Null: there is no choice. */
async function fastestOnGpu(
  device: Gpu,
  standard: FileAtHand,
  atHand: readonly FileAtHand[],
  probe: (file: FileAtHand) => Promise<Probe>,
): Promise<Choice | null> {
  const other = atHand.find(({ variant }) => variant.hardware === 'gpu');
  if (!other) return null;
  const [usual, special] = [await probe(standard), await probe(other)];
  if (!usual.works) return null;
  const { name } = other.variant;
  if (!special.works) return { variant: 'int8-weights', reason: `${name} on ${device}: ${special.why}` };
  const gain = special.tokensPerSecond / usual.tokensPerSecond;
  const reason = `measured on ${device}: ${name} is ${gain.toFixed(2)} times as fast as int8-weights`;
  return { variant: gain >= LEAST_GAIN ? name : 'int8-weights', reason };
}

/** @throws ScriptoriumError INVALID_ARGUMENT when this home's store holds vectors of another file */
export async function chooseModel(
  { home, env, store }: ModelConfig,
  name: string,
  finding: FindOptions,
): Promise<Choice> {
  const { name: variant } = variantOf(name);
  const naming = namingVariable(env);
  if (naming) throw new ScriptoriumError('INVALID_ARGUMENT', `${naming} names the model; unset it first`);
  const current = await currentVariant(home);
  if (variant !== current && store.kind === 'lancedb' && !(await isEmpty(home.store)))
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      `The store in ${home.store} was made with ${current}, and no other file can search it. ` +
        'Choose in a new SCRIPTORIUM_HOME, and ingest the books there',
    );
  await findVariant(variantOf(name), finding);
  return await writeChoice(home.folder, { variant, reason: 'chosen by hand' });
}

function namingVariable(env: NodeJS.ProcessEnv): string | undefined {
  return [modelAsset.variable, 'SCRIPTORIUM_MODEL_FOLDER'].find((name) => env[name]?.trim());
}

/** Where models are kept as they are laid out for this machine: in the home where the cache is for reading only, as in an image. */
export async function layoutFolderOf({ cache, folder }: Pick<Home, 'cache' | 'folder'>): Promise<string> {
  const shared = join(cache, 'laid-out');
  return (await writeProblem(shared)) ? join(folder, 'laid-out') : shared;
}

export interface FileAtHand {
  readonly variant: ModelVariant;
  readonly path: string;
}

export async function variantsAtHand(finding: FindOptions): Promise<readonly FileAtHand[]> {
  const found = await Promise.all(
    variants.map(async (variant) => ({ variant, path: await presentVariant(variant, finding) })),
  );
  return found.flatMap(({ variant, path }) => (path === null ? [] : [{ variant, path }]));
}

async function readChoice(folder: string): Promise<Choice | null> {
  const path = join(folder, 'model.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const { data, error } = choice.safeParse(parsed(text));
  if (data) return data;
  throw new ScriptoriumError('INVALID_CONFIG', `${path} is damaged: ${z.prettifyError(error)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function writeChoice(folder: string, made: Choice): Promise<Choice> {
  const path = join(folder, 'model.json');
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.partial`, `${JSON.stringify(made)}\n`, { flush: true });
  await rename(`${path}.partial`, path);
  return made;
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.length === 0;
}
