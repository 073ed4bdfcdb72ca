/** The files of the model that are made here: their bytes, and how near their vectors are. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../workers/assets/manifest.ts';
import { measureVariants } from '../../workers/model/measure.ts';
import { layoutFolderOf, variantsAtHand } from '../../workers/model/model-choice.ts';
import { findVariant, variants } from '../../workers/model/variants.ts';
import '../helpers/any-realm.ts';

const finding = { cacheFolder: homeOf().cache, env: process.env };

// Throws where the bytes are not those that the manifest names.
beforeAll(async () => {
  for (const variant of variants) await findVariant(variant, finding);
}, 300_000);

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
