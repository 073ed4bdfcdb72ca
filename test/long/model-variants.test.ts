/** The files of the model that are made here: their bytes, and how near their vectors are. */
import { symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { homeOf } from '../../client/home.ts';
import { type FindOptions, findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset, weightsAsset } from '../../workers/assets/manifest.ts';
import { measureVariants } from '../../workers/model/measure.ts';
import { layoutFolderOf, variantsAtHand } from '../../workers/model/model-choice.ts';
import { findVariant, variants } from '../../workers/model/variants.ts';
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
    expect(atHand.map(({ variant }) => variant.name)).toEqual(['int8-weights', 'int8', 'fp32']);
    const measured = await measureVariants(atHand, await findAsset(tokenizerAsset, finding), {
      ...{ threads: 2, layoutFolder: layoutFolderOf(finding) },
    });
    for (const { cosine, reference } of measured) {
      expect(reference).toBe('fp32');
      expect(cosine).toBeGreaterThan(0.999);
    }
  }, 120_000);
});
