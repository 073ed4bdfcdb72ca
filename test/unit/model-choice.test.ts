import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Probe } from '../../activities/adapters/onnx/device-choice.ts';
import { homeOf } from '../../client/home.ts';
import { modelAsset } from '../../workers/assets/manifest.ts';
import { fastestOf, type Measured, mostExact } from '../../workers/model/measure.ts';
import {
  chooseModel,
  chosenVariant,
  type FileAtHand,
  type Machine,
  settleModel,
} from '../../workers/model/model-choice.ts';
import { type VariantName, variantOf, variants } from '../../workers/model/variants.ts';
import '../helpers/any-realm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

function measured(variant: Measured['variant'], chunksPerSecond: number, cosine = 0.9995): Measured {
  return { variant, chunksPerSecond, cosine, reference: 'int8-weights' };
}

const atHand = (name: VariantName): FileAtHand => ({ variant: variantOf(name), path: name });

describe('the file of a new home', () => {
  test.each([
    ['int8', [measured('int8-weights', 20), measured('int8', 40)]],
    ['int8-weights', [measured('int8-weights', 20), measured('int8', 21)]],
    ['int8-weights', [measured('int8-weights', 20), measured('int8', 40, 0.9)]],
    ['fp32', [measured('int8-weights', 20), measured('int8', 40, 0.9), measured('fp32', 30, 1)]],
  ] as const)('is %s where it is the fastest by far, and as good', (variant, all) => {
    expect(fastestOf(all).variant).toBe(variant);
  });
});

describe('what all are compared with', () => {
  test.each<[VariantName, VariantName[]]>([
    ['int8-weights', ['int8-weights', 'int8']],
    ['int8-weights', ['int8', 'int8-weights', 'fp16']],
    ['fp32', ['int8-weights', 'int8', 'fp32']],
  ])('is %s of %j: it computes with 32 bits', (exact, names) => {
    expect(mostExact(names.map(atHand)).variant.name).toBe(exact);
  });
});

describe('the choice of a home', () => {
  test('is the default until there is one, and then stays', async () => {
    await using place = await temporaryHome();
    expect(await chosenVariant(place.config)).toBe(variants[0]);
    await place.write('model.json', '{"variant":"int8","reason":"chosen by hand"}');
    expect(await chosenVariant(place.config)).toBe(variantOf('int8'));
    expect(await settleModel(place.config, place.finding, '')).toBeNull();
  });

  test('is told by the store where it was restored without it', async () => {
    await using place = await temporaryHome();
    await place.write('store/points_a85fdcdd8f23c137.lance', '');
    expect(await chosenVariant(place.config)).toBe(variantOf('int8'));
    await expect(chooseModel(place.config, 'fp32', place.finding)).rejects.toMatchObject({
      message: expect.stringContaining('was made with int8,'),
    });
  });

  test('that is damaged is an error, and no other file is taken', async () => {
    await using place = await temporaryHome();
    for (const damage of ['', '{"variant":"gone","reason":""}']) {
      await place.write('model.json', damage);
      await expect(chosenVariant(place.config)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    }
  });

  test('is not made where one file alone is at hand', async () => {
    await using place = await temporaryHome();
    expect(await settleModel(place.config, place.finding, '')).toBeNull();
  });

  test('on a GPU is the file that was made for one, where that is faster by far', async () => {
    const works = (tokensPerSecond: number): Probe => ({
      works: true,
      tokensPerSecond,
      cpuTokensPerSecond: 1,
    });
    const lost: Probe = { works: false, why: 'it has no kernels for it', remedy: null };
    const cases: readonly (readonly [Probe, Probe, string | null, string])[] = [
      [works(10), works(30), 'fp16', '3.00 times as fast'],
      [works(10), works(10.5), 'int8-weights', '1.05 times as fast'],
      [works(10), lost, 'int8-weights', 'it has no kernels for it'],
      [lost, works(30), null, ''],
    ];
    for (const [usual, special, variant, reason] of cases) {
      await using place = await temporaryHome();
      const machine: Machine = {
        filesAtHand: async () => [atHand('int8-weights'), atHand('fp16')],
        findDevice: async () => ({ device: 'cuda', refused: [] }),
        probe: async (_, { model }) => (model.modelPath === 'fp16' ? special : usual),
        measure: async () => [],
      };
      const settled = await settleModel(place.config, place.finding, '', machine);
      expect(settled?.variant ?? null).toBe(variant);
      expect(settled?.reason ?? '').toContain(reason);
      expect(await chosenVariant(place.config)).toBe(variantOf(variant ?? 'int8-weights'));
    }
  });

  test('on a CPU is never between the default and a file for GPUs', async () => {
    await using place = await temporaryHome();
    const machine: Machine = {
      filesAtHand: async () => [atHand('int8-weights'), atHand('fp16')],
      findDevice: async () => ({ device: 'cpu', refused: [] }),
      probe: async () => await Promise.reject(new Error('there is nothing to try')),
      measure: async () => await Promise.reject(new Error('there is nothing to measure')),
    };
    expect(await settleModel(place.config, place.finding, '', machine)).toBeNull();
  });

  test('cannot be changed where a store was made, and stays as it was', async () => {
    await using place = await temporaryHome();
    await place.write('store/points.lance', '');
    await place.write('model.json', '{"variant":"fp32","reason":"measured"}');
    await expect(chooseModel(place.config, 'int8', place.finding)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('was made with fp32'),
    });
    expect(await readFile(join(place.config.home.folder, 'model.json'), 'utf8')).toContain('fp32');
  });

  test('is refused for a file that there is not, and beside a file that the environment names', async () => {
    await using place = await temporaryHome();
    await expect(chooseModel(place.config, 'int4', place.finding)).rejects.toThrow(
      'there are int8-weights, int8',
    );
    const named = { ...place.config, env: { [modelAsset.variable]: '/model.onnx' } };
    await expect(chooseModel(named, 'int8', place.finding)).rejects.toThrow('SCRIPTORIUM_MODEL');
    expect(await chosenVariant(named)).toBeNull();
    const inFolder = { ...place.config, env: { SCRIPTORIUM_MODEL_FOLDER: '/model' } };
    await expect(chooseModel(inFolder, 'int8', place.finding)).rejects.toThrow('SCRIPTORIUM_MODEL_FOLDER');
    expect(await chosenVariant(inFolder)).toBeNull();
    expect(await chosenVariant({ ...place.config, env: { SCRIPTORIUM_MODEL_FOLDER: ' ' } })).not.toBeNull();
  });
});

async function temporaryHome() {
  const folder = await tempFolder();
  const env = { SCRIPTORIUM_HOME: join(folder.path, 'home'), SCRIPTORIUM_CACHE: join(folder.path, 'cache') };
  const home = homeOf(env);
  return {
    config: {
      home,
      env,
      store: { kind: 'lancedb' },
      embedding: { threads: 1, chunksPerBatch: 1, device: 'cpu', deviceBatch: 1, endpoint: null },
    },
    finding: { cacheFolder: home.cache, env },
    async write(name: string, text: string): Promise<void> {
      const path = join(home.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  } as const;
}
