/**
 * A folder with a sentence-transformer as its publisher gives it, and what its own files say of how it is used. They are read as
 * the Python library sentence-transformers reads them (`Pooling`, `Transformer`, `encode_query` and `encode_document` there),
 * but for one thing: a prompt named `passage` or `corpus` is used for passages where there is none named `document`.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { ScriptoriumError } from '../../errors.ts';
import type { Pooling } from './pooling.ts';

/** A model of this machine, and all that changes its vectors. */
export interface LocalModel {
  /** Name in the embedder's id, for people. */
  readonly name: string;
  /** ONNX file with inputs input_ids, attention_mask (and token_type_ids), whose output is the last hidden state. */
  readonly modelPath: string;
  readonly tokenizerPath: string;
  readonly pooling: Pooling;
  /** Longest text in tokens, special tokens included. */
  readonly maxTokens: number;
  /** Put before a text. */
  readonly prefixes: Readonly<Record<'question' | 'passage', string>>;
}

const modules = z.array(z.object({ type: z.string(), path: z.string() }));
const transformerSettings = z.object({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});
const architecture = z.object({
  model_type: z.string().nullish(),
  max_position_embeddings: z.int().positive().nullish(),
});
const tokenizerSettings = z.object({ model_max_length: z.number().positive().nullish() });
const poolingSettings = z
  .looseObject({
    pooling_mode: z.union([z.string(), z.array(z.string())]).nullish(),
    include_prompt: z.boolean().nullish(),
  })
  .transform((all) => ({
    includesPrompt: all.include_prompt ?? true,
    modes: all.pooling_mode
      ? [all.pooling_mode].flat()
      : Object.entries(all).flatMap(([name, on]) =>
          on === true && name.startsWith(MODE) ? [name.slice(MODE.length)] : [],
        ),
  }));
const usage = z.object({
  prompts: z.record(z.string(), z.string().nullish()).nullish(),
  similarity_fn_name: z.string().nullish(),
});

/** Of a folder that names no modules: a transformer whose tokens are averaged. */
const BARE: z.infer<typeof modules> = [{ type: 'Transformer', path: '' }];
const MODE = 'pooling_mode_';
/** A sum that is divided by another number of tokens has the same direction, and vectors are brought to length one. */
const poolings: Readonly<Record<string, Pooling>> = {
  ...{ mean: 'mean', mean_tokens: 'mean', mean_sqrt_len: 'mean', mean_sqrt_len_tokens: 'mean' },
  ...{ cls: 'cls', cls_token: 'cls', lasttoken: 'last' },
};
const MODEL_FILES = [join('onnx', 'model.onnx'), 'model.onnx'];
/** As earlier versions named the file of the same settings, by the kind of transformer. */
const SETTINGS_OF = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'];
/** Some tokenizers name a number of thirty digits for "any". */
const ANY_LENGTH = 1_000_000;

/** Files that are used instead of the folder's own. */
export interface ModelFolderOptions {
  readonly modelPath?: string | undefined;
  readonly tokenizerPath?: string | undefined;
  /** Instead of the prompts that the folder names. */
  readonly prefixes?: { readonly question?: string | undefined; readonly passage?: string | undefined };
}

/**
 * Reads no weights.
 * @throws ScriptoriumError ASSET_UNAVAILABLE when a file is missing or damaged, INVALID_CONFIG for a model that is used in
 * a way that is not supported
 */
export async function readModelFolder(
  folder: string,
  { prefixes, ...files }: ModelFolderOptions = {},
): Promise<LocalModel> {
  if (!existsSync(folder))
    throw new ScriptoriumError('ASSET_UNAVAILABLE', `The model folder ${folder} is not there`);
  const parts = (await settingsIn(folder, 'modules.json', modules)) ?? BARE;
  const [transformer, ...others] = parts.map(({ type, path }) => ({
    kind: type.slice(type.lastIndexOf('.') + 1),
    path: join(folder, path),
  }));
  const unknown = others.find(({ kind }) => kind !== 'Pooling' && kind !== 'Normalize');
  if (transformer?.kind !== 'Transformer' || unknown)
    throw unsupported(folder, `it computes with ${unknown?.kind ?? transformer?.kind ?? 'nothing'}`);
  const used = await settingsIn(folder, 'config_sentence_transformers.json', usage);
  const isNormalized = others.some(({ kind }) => kind === 'Normalize');
  if (used?.similarity_fn_name && used.similarity_fn_name !== 'cosine' && !isNormalized)
    throw unsupported(folder, `its vectors are compared by ${used.similarity_fn_name}, not by their angle`);
  const prompts = promptsOf(used);
  const pooling = others.find(({ kind }) => kind === 'Pooling');
  if (!pooling && parts !== BARE) throw unsupported(folder, 'its modules do not pool');
  const { max_position_embeddings: positions, model_type: name } =
    (await settingsIn(transformer.path, 'config.json', architecture)) ?? {};
  return {
    name: name ?? 'transformer',
    modelPath: files.modelPath ?? (await modelFileIn(transformer.path, folder)),
    tokenizerPath: files.tokenizerPath ?? (await tokenizerIn(transformer.path)),
    pooling: pooling ? await poolingOf(pooling.path, folder) : 'mean',
    maxTokens: await maxTokensOf(transformer.path, positions, folder),
    prefixes: {
      question: prefixes?.question ?? prompts.question,
      passage: prefixes?.passage ?? prompts.passage,
    },
  };
}

function promptsOf(used: z.infer<typeof usage> | null): LocalModel['prefixes'] {
  const prompts = new Map(Object.entries(used?.prompts ?? {}));
  const named = (...names: readonly string[]): string =>
    names.map((name) => prompts.get(name)).find(Boolean) ?? '';
  return { question: named('query'), passage: named('document', 'passage', 'corpus') };
}

async function poolingOf(path: string, folder: string): Promise<Pooling> {
  const settings = await settingsIn(path, 'config.json', poolingSettings);
  if (!settings) throw missing(folder, join(relative(folder, path), 'config.json'));
  const { modes, includesPrompt } = settings;
  if (!includesPrompt) throw unsupported(folder, 'it leaves the words of its prompt out when it pools');
  const [mode = 'none', ...more] = modes;
  const pooling = more.length === 0 && Object.hasOwn(poolings, mode) ? poolings[mode] : undefined;
  if (pooling) return pooling;
  throw unsupported(
    folder,
    `it pools by ${modes.join(' and ') || 'nothing'}; mean, cls and lasttoken are known`,
  );
}

async function maxTokensOf(
  path: string,
  positions: number | null | undefined,
  folder: string,
): Promise<number> {
  const names = SETTINGS_OF.map((kind) => `sentence_${kind}_config.json`);
  const found = await Promise.all(names.map((name) => settingsIn(path, name, transformerSettings)));
  const own = found.find((settings) => settings !== null);
  if (own?.do_lower_case) throw unsupported(folder, 'it wants its texts in lower case');
  const tokenizer = await settingsIn(path, 'tokenizer_config.json', tokenizerSettings);
  const lengths = own?.max_seq_length
    ? [own.max_seq_length]
    : [positions, tokenizer?.model_max_length].filter((length) => typeof length === 'number');
  const most = Math.min(...lengths);
  if (most < ANY_LENGTH) return Math.floor(most);
  throw unsupported(
    folder,
    'none of its files says how long a text may be: sentence_bert_config.json should',
  );
}

/** The standard name, or the only one that there is. */
async function modelFileIn(path: string, folder: string): Promise<string> {
  const all = (await Promise.all(['onnx', ''].map((below) => onnxFilesIn(path, below)))).flat();
  const found = MODEL_FILES.find((name) => all.includes(name)) ?? (all.length === 1 ? all[0] : undefined);
  if (found) return join(path, found);
  const there = all.length === 0 ? 'no ONNX file' : `${all.join(', ')} and no onnx/model.onnx`;
  throw new ScriptoriumError(
    'ASSET_UNAVAILABLE',
    `The model folder ${folder} holds ${there}; name the file to use with SCRIPTORIUM_MODEL`,
  );
}

async function onnxFilesIn(path: string, below: string): Promise<string[]> {
  const names = await readdir(join(path, below)).catch(() => []);
  return names.filter((name) => name.endsWith('.onnx')).map((name) => join(below, name));
}

async function tokenizerIn(path: string): Promise<string> {
  const tokenizerPath = join(path, 'tokenizer.json');
  if (existsSync(tokenizerPath)) return tokenizerPath;
  throw missing(path, 'tokenizer.json');
}

/** Null where the file is not there. */
async function settingsIn<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T | null> {
  const path = join(folder, name);
  if (!existsSync(path)) return null;
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new ScriptoriumError('ASSET_UNAVAILABLE', `${path} of the model can't be read: ${why}`);
  }
}

function missing(folder: string, name: string): ScriptoriumError {
  return new ScriptoriumError('ASSET_UNAVAILABLE', `The model folder ${folder} holds no ${name}`);
}

function unsupported(folder: string, why: string): ScriptoriumError {
  return new ScriptoriumError('INVALID_CONFIG', `The model in ${folder} can't be used: ${why}`);
}
