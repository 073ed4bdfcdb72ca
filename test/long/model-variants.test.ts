/** The files of the model that are made here: their bytes, and how near their vectors are. */
import { symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { paddedBatch } from '../../activities/adapters/onnx/device-batch.ts';
import { DeviceModel } from '../../activities/adapters/onnx/device-model.ts';
import { homeOf } from '../../client/home.ts';
import { type FindOptions, findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset, weightsAsset } from '../../workers/assets/manifest.ts';
import { measureVariantsApart } from '../../workers/model/measure-apart.ts';
import { variantsAtHand } from '../../workers/model/model-choice.ts';
import { findVariant, variantOf, variants } from '../../workers/model/variants.ts';
import '../helpers/any-realm.ts';
import { type TempFolder, tempFolder } from '../helpers/temp-folder.ts';

/** Of its own: where a cache has several files of the model, every new home that uses it measures them. */
let cache: TempFolder;
let finding: FindOptions;

// Throws where the bytes are not those that the manifest names.
beforeAll(async () => {
  cache = await tempFolder();
  finding = { cacheFolder: cache.path, env: process.env };
  const shared = { cacheFolder: homeOf().cache, env: process.env };
  for (const asset of [modelAsset, weightsAsset, tokenizerAsset]) {
    const folder = dirname(await findAsset(asset, shared));
    await symlink(folder, join(cache.path, basename(folder)));
  }
  for (const variant of variants) await findVariant(variant, finding);
}, 300_000);

afterAll(async () => await cache?.[Symbol.asyncDispose]());

describe('the files of the model', () => {
  test('are at hand once they were made, and give nearly the same vectors', async () => {
    const atHand = await variantsAtHand(finding);
    expect(atHand.map(({ variant }) => variant.name)).toEqual(['int8-weights', 'int8', 'fp32', 'fp16']);
    const measured = await measureVariantsApart(atHand, await findAsset(tokenizerAsset, finding), {
      ...{ threads: 2, layoutFolder: join(cache.path, 'laid-out') },
    });
    expect(measured).toHaveLength(4);
    for (const { cosine, reference } of measured) {
      expect(reference).toBe('fp32');
      expect(cosine).toBeGreaterThan(0.999);
    }
  }, 120_000);

  test('that can’t be read are told by name, not measured', async () => {
    const [first] = await variantsAtHand(finding);
    if (!first) throw new Error('nothing is at hand');
    const broken = [{ ...first, path: join(cache.path, 'no-such-file') }];
    const options = { threads: 1, layoutFolder: join(cache.path, 'laid-out') };
    const tokenizer = await findAsset(tokenizerAsset, finding);
    await expect(measureVariantsApart(broken, tokenizer, options)).rejects.toMatchObject({
      ...{ code: 'ASSET_UNAVAILABLE', message: expect.stringContaining('no-such-file') },
    });
  }, 60_000);

  test('for GPUs take texts of several lengths together, each as if it were alone', async () => {
    const modelPath = await findVariant(variantOf('fp16'), finding);
    const model = await DeviceModel.load({ modelPath, provider: 'cpu', pooling: 'mean' });
    const texts = [
      [101, 7592, 102],
      [101, 2002, 2003, 2182, 102],
      Array.from({ length: 40 }, (_, at) => 1_000 + at),
    ];
    const together = await model.run(paddedBatch(texts, 40));
    for (const [at, text] of texts.entries()) {
      const alone = await model.run(paddedBatch([text], text.length));
      const own = together.subarray(at * model.dimensions, (at + 1) * model.dimensions);
      expect(alone.reduce((sum, value, index) => sum + value * (own[index] ?? 0), 0)).toBeGreaterThan(
        0.99999,
      );
    }
  });
});
