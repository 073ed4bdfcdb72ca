import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ModelFolderOptions, readModelFolder } from '../../activities/adapters/onnx/model-folder.ts';
import { bytesField, textField } from '../../activities/adapters/onnx/protobuf.ts';
import { homeOf } from '../../client/home.ts';
import { loadConfig } from '../../workers/config.ts';
import { findLocalModel } from '../../workers/model/local-model.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

/** Files of a folder: JSON, or text as it is. */
type Files = Readonly<Record<string, unknown>>;

const TYPE = 'sentence_transformers.models';
const modules = (...kinds: readonly string[]) =>
  kinds.map((kind, at) => ({ idx: at, type: `${TYPE}.${kind}`, path: at === 0 ? '' : `${at}_${kind}` }));
const pooledBy = (mode: string) => ({
  ...{ pooling_mode_cls_token: false, pooling_mode_mean_tokens: false, [`pooling_mode_${mode}`]: true },
});

const bge: Files = {
  'modules.json': modules('Transformer', 'Pooling', 'Normalize'),
  'sentence_bert_config.json': { max_seq_length: 512, do_lower_case: false },
  'config.json': { model_type: 'bert', max_position_embeddings: 512 },
  'tokenizer_config.json': { model_max_length: 512 },
  '1_Pooling/config.json': { word_embedding_dimension: 384, ...pooledBy('cls_token') },
  'config_sentence_transformers.json': {
    prompts: { query: 'Represent this sentence for searching relevant passages: ' },
  },
  ...{ 'tokenizer.json': '{}', 'onnx/model.onnx': '' },
};

let folder: TempFolder;
beforeEach(async () => {
  folder = await tempFolder();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Of these files: undefined takes one of them away. */
async function read(files: Files, options?: ModelFolderOptions) {
  for (const [name, content] of Object.entries({ ...bge, ...files })) {
    if (content === undefined) continue;
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), 'latin1');
  }
  return await readModelFolder(folder.path, options);
}

describe('the folder of a model', () => {
  test('says all that changes a vector', async () => {
    expect(await read({})).toEqual({
      name: 'bert',
      modelPath: join(folder.path, 'onnx', 'model.onnx'),
      tokenizerPath: join(folder.path, 'tokenizer.json'),
      pooling: 'cls',
      maxTokens: 512,
      prefixes: { question: 'Represent this sentence for searching relevant passages: ', passage: '' },
    });
  });

  test.each([
    ['mean_tokens', 'mean'],
    ['mean_sqrt_len_tokens', 'mean'],
    ['lasttoken', 'last'],
  ])('that pools by %s', async (mode, pooling) => {
    expect(await read({ '1_Pooling/config.json': pooledBy(mode) })).toMatchObject({ pooling });
  });

  test('of a later version names its pooling in a word', async () => {
    for (const pooling_mode of ['cls', ['cls']]) {
      const settings = { embedding_dimension: 384, pooling_mode, include_prompt: true };
      expect(await read({ '1_Pooling/config.json': settings })).toMatchObject({ pooling: 'cls' });
    }
  });

  test('without modules is a transformer whose tokens are averaged', async () => {
    expect(await read({ 'modules.json': undefined })).toMatchObject({ pooling: 'mean', maxTokens: 512 });
  });

  test.each<[Files, number]>([
    [{ 'sentence_bert_config.json': { max_seq_length: 128 } }, 128],
    [{ 'sentence_bert_config.json': undefined, 'config.json': { max_position_embeddings: 514 } }, 512],
    [{ 'sentence_bert_config.json': {}, 'tokenizer_config.json': { model_max_length: 1e30 } }, 512],
    [{ 'sentence_bert_config.json': undefined, 'tokenizer_config.json': undefined }, 512],
    [{ 'sentence_bert_config.json': undefined, 'sentence_roberta_config.json': { max_seq_length: 75 } }, 75],
    [
      {
        ...{
          'sentence_bert_config.json': { max_seq_length: null },
          'config.json': { max_position_embeddings: null },
        },
        'tokenizer_config.json': { model_max_length: 384 },
      },
      384,
    ],
  ])('takes texts of the length that %j says', async (files, maxTokens) => {
    expect(await read(files)).toMatchObject({ maxTokens });
  });

  test.each([
    [
      { query: 'query: ', passage: 'passage: ' },
      { question: 'query: ', passage: 'passage: ' },
    ],
    [
      { query: 'Q ', document: 'D ', passage: 'P ' },
      { question: 'Q ', passage: 'D ' },
    ],
    [{}, { question: '', passage: '' }],
    [{ clustering: 'C ' }, { question: '', passage: '' }],
    [
      { query: null, document: '', passage: 'P ' },
      { question: '', passage: 'P ' },
    ],
  ])('with the prompts %j', async (prompts, prefixes) => {
    const files = { 'config_sentence_transformers.json': { prompts } };
    expect(await read(files)).toMatchObject({ prefixes });
  });

  test('yields to what a setting names', async () => {
    const prefixes = { question: 'query: ', passage: undefined };
    const files = { modelPath: join(folder.path, 'other.onnx'), tokenizerPath: '/other.json' };
    await writeFile(files.modelPath, '');
    expect(await read({ 'onnx/model.onnx': undefined }, { prefixes, ...files })).toMatchObject({
      ...files,
      prefixes: { question: 'query: ', passage: '' },
    });
  });

  test('may hold one file of another name', async () => {
    const { modelPath } = await read({ 'onnx/model.onnx': undefined, 'onnx/model_fp16.onnx': '' });
    expect(modelPath).toBe(join(folder.path, 'onnx', 'model_fp16.onnx'));
  });
});

describe('a model that can not be used', () => {
  test('has its weights beside its file, whoever names that', async () => {
    /** `data`: a tensor with them, or with the name of another file. */
    const modelWith = (data: Uint8Array): string =>
      Buffer.from(bytesField(7, bytesField(5, textField(8, 'weights'), data))).toString('latin1');
    const external = modelWith(bytesField(13, textField(1, 'location'), textField(2, 'weights.bin')));
    const found = async (bytes: string, env: NodeJS.ProcessEnv = {}) => {
      await read({ 'onnx/model.onnx': bytes });
      const embedding = loadConfig({ SCRIPTORIUM_MODEL_FOLDER: folder.path }).embedding;
      return await findLocalModel({ home: homeOf(env), env, embedding }, { cacheFolder: folder.path, env });
    };
    const whole = modelWith(bytesField(9, Uint8Array.of(1, 2, 3, 4)));
    expect(await found(whole)).toBeTruthy();
    const refusal = { code: 'INVALID_CONFIG', message: expect.stringContaining('weights lie in a file') };
    await expect(found(external)).rejects.toMatchObject(refusal);
    const modelPath = join(folder.path, 'named.onnx');
    await writeFile(modelPath, external, 'latin1');
    await expect(found(whole, { SCRIPTORIUM_MODEL: modelPath })).rejects.toMatchObject(refusal);
    await expect(found('graph')).rejects.toMatchObject({
      code: 'ASSET_UNAVAILABLE',
      message: expect.stringContaining('model.onnx can'),
    });
  });

  test.each<[string, Files]>([
    ['computes with Dense', { 'modules.json': modules('Transformer', 'Pooling', 'Dense') }],
    ['computes with WordEmbeddings', { 'modules.json': modules('WordEmbeddings', 'Pooling') }],
    ['pools by max_tokens', { '1_Pooling/config.json': pooledBy('max_tokens') }],
    [
      'pools by cls_token and mean_tokens',
      { '1_Pooling/config.json': { ...pooledBy('cls_token'), pooling_mode_mean_tokens: true } },
    ],
    ['pools by cls and mean', { '1_Pooling/config.json': { pooling_mode: ['cls', 'mean'] } }],
    ['do not pool', { 'modules.json': modules('Transformer') }],
    ['pools by nothing', { '1_Pooling/config.json': {} }],
    ['pools by constructor', { '1_Pooling/config.json': { pooling_mode: 'constructor' } }],
    [
      'leaves the words of its prompt out',
      { '1_Pooling/config.json': { ...pooledBy('mean_tokens'), include_prompt: false } },
    ],
    ['in lower case', { 'sentence_bert_config.json': { max_seq_length: 128, do_lower_case: true } }],
    [
      'compared by dot',
      {
        'modules.json': modules('Transformer', 'Pooling'),
        'config_sentence_transformers.json': { similarity_fn_name: 'dot' },
      },
    ],
    [
      'how long a text may be',
      { 'sentence_bert_config.json': undefined, 'config.json': {}, 'tokenizer_config.json': {} },
    ],
  ])('is refused: %s', async (why, files) => {
    await expect(read(files)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(why),
    });
  });

  test.each<[string, Files]>([
    ['holds no ONNX file', { 'onnx/model.onnx': undefined }],
    [
      'name the file to use with SCRIPTORIUM_MODEL',
      { 'onnx/model.onnx': undefined, 'onnx/a.onnx': '', 'b.onnx': '' },
    ],
    ['holds no tokenizer.json', { 'tokenizer.json': undefined }],
    ['holds no 1_Pooling/config.json', { '1_Pooling/config.json': undefined }],
    ['modules.json of the model can', { 'modules.json': '[{' }],
    [
      'sentence_bert_config.json of the model can',
      { 'sentence_bert_config.json': { max_seq_length: 'many' } },
    ],
  ])('is not there whole: %s', async (why, files) => {
    await expect(read(files)).rejects.toMatchObject({
      code: 'ASSET_UNAVAILABLE',
      message: expect.stringContaining(why),
    });
  });

  test('and a folder that is not there', async () => {
    await expect(readModelFolder(join(folder.path, 'nowhere'))).rejects.toMatchObject({
      code: 'ASSET_UNAVAILABLE',
      message: expect.stringContaining('is not there'),
    });
  });
});
