/**
 * The embedder of GPUs over the real ONNX Runtime, with the CPU in the place of the GPU: all but the kernels is the same
 * there (padding, masks, pooling in the graph, threads).
 */
import { readdir, readFile } from 'node:fs/promises';
import * as threads from 'node:worker_threads';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import '../helpers/any-realm.ts';
import { cosine, embedderContract } from './embedder-contract.ts';

/** Every thread that was started, so that a test can end one. */
const started: threads.Worker[] = [];

class WatchedWorker extends threads.Worker {
  constructor(...given: ConstructorParameters<typeof threads.Worker>) {
    super(...given);
    started.push(this);
  }
}
jest.unstable_mockModule('node:worker_threads', () => ({ ...threads, Worker: WatchedWorker }));
const { OnnxEmbedder } = await import('../../activities/adapters/onnx/onnx-embedder.ts');
const { DeviceEmbedder } = await import('../../activities/adapters/onnx/device-embedder.ts');
const { DeviceThreadSession } = await import('../../activities/adapters/onnx/device-thread-session.ts');
const { openTokenizer } = await import('../../activities/adapters/onnx/model-tokenizer.ts');

const FETCH_TIMEOUT_MS = 300_000;
let files: { modelPath: string; tokenizerPath: string };

beforeAll(async () => {
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  files = {
    modelPath: await findAsset(modelAsset, finding),
    tokenizerPath: await findAsset(tokenizerAsset, finding),
  };
}, FETCH_TIMEOUT_MS);

const openOnCpu = () => OnnxEmbedder.open({ ...minilm, ...files, threads: 2 });

const openSession = () =>
  DeviceThreadSession.open({ modelPath: files.modelPath, provider: 'cpu', pooling: 'mean' });

async function openAsDevice(sessions: number) {
  const first = await openSession();
  const more = await Promise.all(Array.from({ length: sessions - 1 }, openSession));
  const tokenize = await openTokenizer(files.tokenizerPath, minilm.maxTokens);
  return new DeviceEmbedder({
    ...{ id: 'device', deviceName: 'cpu', maxTokens: minilm.maxTokens, sessions: [first, ...more], tokenize },
    // The CPU that plays it is slow.
    largestBatch: 4,
  });
}

embedderContract('threads of the CPU', openOnCpu);
embedderContract('a device with two sessions', () => openAsDevice(2));

test('a device gives the vectors that the CPU gives', async () => {
  await using cpu = await openOnCpu();
  await using device = await openAsDevice(1);
  const folder = new URL('../../samples/sources/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md'));
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const words = sources.join(' ').split(/\s+/);
  const texts = Array.from({ length: 40 }, (_, n) =>
    words.slice(n * 97, n * 97 + 1 + ((n * 53) % 200)).join(' '),
  );
  const [ours, theirs] = [await device.embed(texts), await cpu.embed(texts)];
  const cosines = ours.map((vector, at) => cosine(vector, theirs[at]));
  expect(cosines).toHaveLength(40);
  expect(Math.min(...cosines)).toBeGreaterThan(0.9999);
});

describe('the session of a device', () => {
  test('answers batches that lie ready in their order', async () => {
    await using session = await openSession();
    const batch = (...ids: number[]) => ({
      ...{ rows: 1, tokens: ids.length, ids: Int32Array.from(ids) },
      lengths: Int32Array.of(ids.length),
    });
    const [a, b, again] = await Promise.all([
      session.run(batch(101, 2_000, 102)),
      session.run(batch(101, 3_000, 4_000, 102)),
      session.run(batch(101, 2_000, 102)),
    ]);
    expect(cosine(a, again)).toBeGreaterThan(0.9999);
    expect(cosine(a, b)).toBeLessThan(0.99);
  });

  test('whose thread ended begins another', async () => {
    await using session = await openSession();
    const thread = started.at(-1);
    const ended = new Promise((resolve) => thread?.once('exit', resolve));
    thread?.postMessage('close');
    await ended;
    const [a, b] = await Promise.all([1, 2].map(() => session.run(twoTokens())));
    expect(cosine(a, b)).toBeGreaterThan(0.9999);
    // One for both.
    expect(started.at(-2)).toBe(thread);
  });

  test('says what the model makes of a batch that it can not compute', async () => {
    await using session = await openSession();
    const wrong = { ...twoTokens(), ids: Int32Array.of(101, 10_000_000) };
    await expect(session.run(wrong)).rejects.toThrow(/indices|index/i);
    await expect(session.run(twoTokens())).resolves.toHaveLength(384);
  });

  test('of a model that is not there is ASSET_UNAVAILABLE', async () => {
    const opening = DeviceThreadSession.open({
      modelPath: '/no/such/file',
      provider: 'cpu',
      pooling: 'mean',
    });
    await expect(opening).rejects.toMatchObject({ code: 'ASSET_UNAVAILABLE' });
  });
});

function twoTokens() {
  return { rows: 1, tokens: 2, ids: Int32Array.of(101, 102), lengths: Int32Array.of(2) };
}
