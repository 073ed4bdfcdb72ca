import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { deviceFacts } from '../../activities/adapters/onnx/device-facts.ts';
import { loadConfig } from '../../workers/config.ts';
import { deviceCheck } from '../../workers/device-check.ts';
import { openLocalEmbedder } from '../../workers/local-embedder.ts';
import '../helpers/any-realm.ts';
import { minilm } from '../../workers/model/minilm.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

/** With a model that no device could load. */
async function checked(device: string, hasModel = true) {
  await using folder = await tempFolder();
  const model = join(folder.path, 'model.onnx');
  if (hasModel) await writeFile(model, 'no model');
  return await deviceCheck(
    loadConfig({
      ...{ SCRIPTORIUM_HOME: folder.path, SCRIPTORIUM_CACHE: folder.path, SCRIPTORIUM_DEVICE: device },
      ...(hasModel && { SCRIPTORIUM_MODEL: model }),
    }),
  );
}

test('doctor names the CPU where it is asked for', async () => {
  expect(await checked('cpu')).toMatchObject({ name: 'device', state: 'ok', detail: 'cpu' });
});

test('doctor says of each faster device why it is not used', async () => {
  const { state, detail } = await checked('auto');
  expect({ state, detail }).toEqual({
    state: 'ok',
    detail: expect.stringMatching(/^cpu; not cuda: .+; not webgpu: .+/),
  });
});

test('doctor finds a device wrong that is asked for and does not work', async () => {
  const { state, detail, remedy } = await checked('cuda');
  expect(state).toBe('wrong');
  expect(detail).toMatch(/^INVALID_CONFIG: SCRIPTORIUM_DEVICE=cuda, and /);
  expect(remedy).toContain('environment variable');
});

test('doctor looks at no device before the model is there', async () => {
  expect(await checked('auto', false)).toMatchObject({ state: 'skipped', detail: 'needs the model' });
});

test('a worker that is told to use a device that does not work does not start', async () => {
  const { platform } = deviceFacts();
  const wanted = platform === 'linux-x64' ? 'webgpu' : 'cuda';
  const model = { ...minilm, modelPath: '/no/model', tokenizerPath: '/no/tokenizer' };
  const opening = openLocalEmbedder({
    ...{ model, wanted, threads: 1, deviceBatch: 32, layoutFolder: '/no/folder' },
  });
  await expect(opening).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
});
