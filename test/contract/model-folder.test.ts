/** A model that its own files describe, in the real runtime, against one session with nothing around it. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InferenceSession, Tensor } from 'onnxruntime';
import { z } from 'zod';
import { openTokenizer } from '../../activities/adapters/onnx/model-tokenizer.ts';
import type { Embedder } from '../../activities/ports/embedder.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { loadConfig } from '../../workers/config.ts';
import { openLocalEmbedder, requireRoom } from '../../workers/local-embedder.ts';
import { findLocalModel } from '../../workers/model/local-model.ts';
import '../helpers/any-realm.ts';
import { runModule } from '../helpers/source-process.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';
import { cosine } from './embedder-contract.ts';

const FETCH_TIMEOUT_MS = 300_000;
const MAX_TOKENS = 16;
const PROMPTS = { query: 'Represent this sentence: ', document: 'A passage of a book: ' };
const TEXTS = ['The keeper lit the north lamp at dusk.', 'Bees', 'word '.repeat(100)];

let folder: TempFolder;
beforeAll(async () => {
  folder = await tempFolder();
  const finding = { cacheFolder: homeOf().cache, env: {} };
  await mkdir(join(folder.path, 'onnx'));
  await mkdir(join(folder.path, '1_Pooling'));
  await symlink(await findAsset(modelAsset, finding), join(folder.path, 'onnx', 'model.onnx'));
  await symlink(await findAsset(tokenizerAsset, finding), join(folder.path, 'tokenizer.json'));
  const files = {
    'modules.json': [
      { idx: 0, path: '', type: 'sentence_transformers.models.Transformer' },
      { idx: 1, path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
    ],
    '1_Pooling/config.json': { pooling_mode_cls_token: true },
    'sentence_bert_config.json': { max_seq_length: MAX_TOKENS },
    'config_sentence_transformers.json': { prompts: PROMPTS },
    'config.json': { model_type: 'bert' },
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, name), JSON.stringify(content));
}, FETCH_TIMEOUT_MS);
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function openFolder(): Promise<Embedder> {
  const { cache } = homeOf();
  const config = loadConfig({ SCRIPTORIUM_MODEL_FOLDER: folder.path, SCRIPTORIUM_CHUNK_OVERLAP: '0' });
  const model = await findLocalModel(config, { cacheFolder: cache, env: {} });
  const layoutFolder = join(folder.path, 'laid-out');
  return await openLocalEmbedder({ model, wanted: 'cpu', threads: 1, deviceBatch: 1, layoutFolder });
}

/** The hidden state of the first token, brought to length one. */
async function bareVectors(texts: readonly string[]): Promise<Float32Array[]> {
  const session = await InferenceSession.create(join(folder.path, 'onnx', 'model.onnx'));
  const tokenize = await openTokenizer(join(folder.path, 'tokenizer.json'), MAX_TOKENS);
  const vectors: Float32Array[] = [];
  for (const ids of await tokenize(texts)) {
    const tensor = (value: (id: number) => number): Tensor =>
      new Tensor(
        'int64',
        BigInt64Array.from(ids, (id) => BigInt(value(id))),
        [1, ids.length],
      );
    const { last_hidden_state: hidden } = await session.run({
      input_ids: tensor((id) => id),
      attention_mask: tensor(() => 1),
      token_type_ids: tensor(() => 0),
    });
    if (!(hidden instanceof Tensor) || !(hidden.data instanceof Float32Array)) throw new Error('no state');
    const first = hidden.data.slice(0, hidden.dims.at(-1));
    const length = Math.hypot(...first);
    vectors.push(first.map((value) => value / length));
  }
  await session.release();
  return vectors;
}

describe('a model of a folder', () => {
  test.each(['question', 'passage'] as const)(
    'gives the vectors of a bare session: %s',
    async (kind) => {
      await using embedder = await openFolder();
      const prompt = kind === 'question' ? PROMPTS.query : PROMPTS.document;
      const [ours, bare] = [
        await embedder.embed(TEXTS, { kind }),
        await bareVectors(TEXTS.map((text) => prompt + text)),
      ];
      for (const [at, vector] of ours.entries()) expect(cosine(vector, bare[at])).toBeGreaterThan(0.99999);
      const [unlike] = await bareVectors(TEXTS);
      expect(cosine(ours[0], unlike)).toBeLessThan(0.999);
    },
    60_000,
  );

  test('has an id of its own, and room for a passage beside its prompt', async () => {
    await using embedder = await openFolder();
    expect(embedder.id).toMatch(/^bert\/8199be6f699a\/be50c3628f2b\/cls-l2\/16\/[\da-f]{12}$/);
    // «a passage of a book :»
    expect(embedder.maxTokens).toBe(MAX_TOKENS - 6);
    expect(() => requireRoom({ maxTokens: 10, overlapTokens: 0 }, embedder.maxTokens)).not.toThrow();
    expect(() => requireRoom({ maxTokens: 11, overlapTokens: 0 }, embedder.maxTokens)).toThrow(
      'set it to 10 or less',
    );
  });
});

describe('doctor', () => {
  const modelCheck = async (more: NodeJS.ProcessEnv) => {
    const env = {
      ...process.env,
      SCRIPTORIUM_MODEL_FOLDER: folder.path,
      SCRIPTORIUM_CHUNK_OVERLAP: '0',
      ...more,
    };
    const { stdout } = await runModule("import {} from './workers/doctor-main.ts';", [], env);
    const checks = z.array(z.looseObject({ name: z.string() })).parse(JSON.parse(stdout));
    return checks.find(({ name }) => name === 'model');
  };

  test('says what it read of a folder, and what does not fit', async () => {
    // No chunk is so short that the prefix leaves room for it.
    expect(await modelCheck({})).toMatchObject({
      state: 'wrong',
      detail: expect.stringContaining('set it to 10 or less'),
    });
    await writeFile(join(folder.path, 'sentence_bert_config.json'), JSON.stringify({ max_seq_length: 300 }));
    expect(await modelCheck({})).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(
        /, texts of 300 tokens, pooled by cls, "Represent this sentence: " before a question, .*onnx\/model\.onnx$/,
      ),
    });
    expect(await modelCheck({ SCRIPTORIUM_MODEL_FOLDER: '/nowhere' })).toMatchObject({
      state: 'wrong',
      detail: expect.stringContaining('/nowhere is not there'),
    });
  }, 60_000);
});
