/** A model whose output is in half precision, as exports for GPUs have it, computed by a CPU. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { matrixOf } from '../../activities/adapters/onnx/graphs/matrices.ts';
import { OnnxGraph, TYPE } from '../../activities/adapters/onnx/graphs/onnx-graph.ts';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { bytesField, textField, wholeField } from '../../activities/adapters/onnx/protobuf.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../workers/assets/manifest.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

const WORDS = 30_522;
const DIMENSIONS = 8;
const TEXTS = ['How do bees find their way home?', 'By the sun.'];

/** Each token has a vector, and a text is their mean. */
function plainModel(): Uint8Array {
  const graph = new OnnxGraph();
  const words = graph.constant(
    'words',
    matrixOf(WORDS, DIMENSIONS, (word, at) => Math.sin(word * 7 + at * 13)),
  );
  const from = graph.node('Gather', [words, 'input_ids']);
  const shape = [1, 'tokens', DIMENSIONS];
  return graph.encoded([{ name: 'input_ids', shape: [1, 'tokens'] }], { from, name: 'plain', shape });
}

/** A node more, and its output, which has the name of a hidden state: messages that are written one behind the other are merged. */
function inHalves(model: Uint8Array): Uint8Array {
  const to = bytesField(5, textField(1, 'to'), wholeField(3, TYPE.float16), wholeField(20, 2));
  const cast = [textField(1, 'plain'), textField(2, 'last_hidden_state'), textField(4, 'Cast'), to];
  const type = bytesField(2, bytesField(1, wholeField(1, TYPE.float16)));
  const output = [textField(1, 'last_hidden_state'), type];
  return Buffer.concat([model, bytesField(7, bytesField(1, ...cast), bytesField(12, ...output))]);
}

test('gives the same vectors up to rounding', async () => {
  await using folder = await tempFolder();
  const tokenizerPath = await findAsset(tokenizerAsset, { cacheFolder: homeOf().cache, env: process.env });
  const vectorsOf = async (name: string, model: Uint8Array): Promise<readonly Float32Array[]> => {
    const modelPath = join(folder.path, name);
    await writeFile(modelPath, model);
    const common = { tokenizerPath, threads: 1, maxTokens: 64, pooling: 'mean' } as const;
    await using embedder = await OnnxEmbedder.open({ ...common, name: 'tiny', modelPath });
    return await embedder.embed(TEXTS);
  };
  const plain = await vectorsOf('plain.onnx', plainModel());
  const halves = await vectorsOf('halves.onnx', inHalves(plainModel()));
  for (const [text, vector] of halves.entries()) {
    const cosine = vector.reduce((sum, value, at) => sum + value * (plain[text]?.[at] ?? 0), 0);
    expect(cosine).toBeGreaterThan(0.9999);
    expect(vector).not.toEqual(plain[text]);
  }
});
