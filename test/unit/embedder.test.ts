import { copyFile, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as threads from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import { eventually } from '../helpers/eventually.ts';
import '../helpers/any-realm.ts';
import { runModule } from '../helpers/source-process.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

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
type Embedder = Awaited<ReturnType<typeof OnnxEmbedder.open>>;

const finding = { cacheFolder: homeOf().cache, env: process.env };
/** Where a first run has to fetch the model. */
const FETCH_TIMEOUT_MS = 300_000;
const TEXTS = [
  'The keeper lit the north lamp at dusk.',
  'At nightfall the lighthouse keeper kindled the northern light.',
  'Add the flour to the butter and stir until smooth.',
  '',
  'x',
  'Zażółć gęślą jaźń 👩‍👩‍👧‍👦 日本語 עברית',
  'word '.repeat(1_000),
];

let files: { modelPath: string; tokenizerPath: string };
let embedder: Embedder;

beforeAll(async () => {
  const [modelPath, tokenizerPath] = [
    await findAsset(modelAsset, finding),
    await findAsset(tokenizerAsset, finding),
  ];
  files = { modelPath, tokenizerPath };
  embedder = await openEmbedder({ threads: 2 });
}, FETCH_TIMEOUT_MS);

afterAll(async () => {
  await embedder?.[Symbol.asyncDispose]();
  expect(started.map((worker) => worker.threadId).filter((id) => id !== -1)).toEqual([]);
});

describe('a model that is laid out for this machine', () => {
  test('gives the vectors of the published one up to rounding, and is made once', async () => {
    await using folder = await tempFolder();
    const layoutFolder = join(folder.path, 'laid-out');
    const published = await embedder.embed(TEXTS);
    for (const _ of [1, 2]) {
      await using own = await openEmbedder({ layoutFolder });
      const vectors = await own.embed(TEXTS);
      const differences = vectors.map((vector, at) =>
        vector.map((value, n) => value - (published[at]?.[n] ?? 1)),
      );
      expect(Math.max(...differences.flatMap((own) => [...own.map(Math.abs)]))).toBeLessThan(2e-6);
      expect(own.id).toBe(embedder.id);
    }
    expect(await readdir(layoutFolder)).toHaveLength(1);
  }, 60_000);

  test('and damaged afterwards is made anew', async () => {
    await using folder = await tempFolder();
    const layoutFolder = join(folder.path, 'laid-out');
    await (await openEmbedder({ layoutFolder }))[Symbol.asyncDispose]();
    const [own = ''] = await readdir(layoutFolder);
    await writeFile(join(layoutFolder, own, 'model.onnx'), 'nonsense');
    for (const there of [0, 1]) {
      await using mended = await openEmbedder({ layoutFolder });
      expect(await mended.embed(['The lamp.'])).toHaveLength(1);
      expect(await readdir(layoutFolder)).toHaveLength(there);
    }
  }, 60_000);

  test('takes the place of one that none has opened for a month, and of one that was begun and left', async () => {
    await using folder = await tempFolder();
    const layoutFolder = join(folder.path, 'laid-out');
    const ages = { 'used-lately': 1, unused: 40, 'begun.part-lately': 0, 'begun.part-left': 1 };
    for (const [name, days] of Object.entries(ages)) {
      await mkdir(join(layoutFolder, name), { recursive: true });
      const then = new Date(Date.now() - days * 24 * 3_600_000);
      await utimes(join(layoutFolder, name), then, then);
    }
    await (await openEmbedder({ layoutFolder }))[Symbol.asyncDispose]();
    const left = await readdir(layoutFolder);
    expect(left).toEqual(expect.arrayContaining(['used-lately', 'begun.part-lately']));
    expect(left).toHaveLength(3);
    const own = left.find((name) => !(name in ages)) ?? '';
    const then = new Date(Date.now() - 40 * 24 * 3_600_000);
    await utimes(join(layoutFolder, own), then, then);
    await (await openEmbedder({ layoutFolder }))[Symbol.asyncDispose]();
    expect((await stat(join(layoutFolder, own))).mtimeMs).toBeGreaterThan(Date.now() - 3_600_000);
  }, 60_000);

  test('is not needed: where its folder cannot be written, the published one is used', async () => {
    await using own = await openEmbedder({ layoutFolder: '/dev/null/laid-out' });
    expect(await own.embed(['The lamp.'])).toHaveLength(1);
  });
});

describe('the vectors of an embedder', () => {
  test('have its dimensions and length one, whatever the text', async () => {
    expect(embedder.dimensions).toBe(384);
    const vectors = await embedder.embed(TEXTS);
    expect(vectors).toHaveLength(TEXTS.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(384);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });

  test('keep cores busy while they are made of passages, and not of a question', async () => {
    expect(await wasBusyFor(TEXTS)).toBe(true);
    expect(embedder.busy).toBe(false);
    // One of two threads is left to others.
    expect(await wasBusyFor(TEXTS.slice(0, 2))).toBe(false);
    expect(await wasBusyFor(['Who lit the lamp?'], 'question')).toBe(false);
  });

  test('are nearer for texts that mean the same', async () => {
    const [a, b, c] = await embedder.embed(TEXTS);
    expect(cosine(a, b)).toBeGreaterThan(0.6);
    expect(cosine(a, c)).toBeLessThan(0.2);
  });

  test('are the same for a text alone, in any batch, and at any place of it', async () => {
    const alone = await Promise.all(TEXTS.map(async (text) => (await embedder.embed([text]))[0]));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(TEXTS.length - 2), { maxLength: 9 }), async (picks) => {
        const vectors = await embedder.embed(picks.map((pick) => TEXTS[pick] ?? ''));
        expect(vectors.map(bits)).toEqual(picks.map((pick) => bits(alone[pick])));
      }),
      { numRuns: 8 },
    );
  });

  test('of a text that is too long are those of its beginning', async () => {
    const [long, longer, other] = await embedder.embed([
      'word '.repeat(300),
      `${'word '.repeat(300)} and something else`,
      `something else ${'word '.repeat(300)}`,
    ]);
    expect(bits(long)).toBe(bits(longer));
    expect(bits(long)).not.toBe(bits(other));
  });

  test('of no text are none', async () => {
    expect(await embedder.embed([])).toEqual([]);
  });
});

describe('an embedder', () => {
  test('has an id that names model, tokenizer, pooling and length', async () => {
    await using other = await openEmbedder({ maxTokens: 64 });
    expect(embedder.id).toBe('all-MiniLM-L6-v2/8199be6f699a/be50c3628f2b/mean-l2/256');
    expect(other.id).toBe('all-MiniLM-L6-v2/8199be6f699a/be50c3628f2b/mean-l2/64');
  });

  test('does no work for who has given up already', async () => {
    await expect(embedder.embed(['x'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('takes a question before the passages that wait', async () => {
    await using single = await openEmbedder();
    const order: string[] = [];
    const passages = Array.from({ length: 8 }, async (_, n) => {
      await single.embed([`Passage ${n} about lamps and keepers.`]);
      order.push(`passage ${n}`);
    });
    const question = single
      .embed(['Who lit the lamp?'], { kind: 'question' })
      .then(() => order.push('question'));
    await Promise.all([...passages, question]);
    // Two jobs were with the thread already; one of them was perhaps begun.
    expect(order.indexOf('question')).toBeLessThanOrEqual(1);
  });

  test('answers a question between two texts of a batch that is under way', async () => {
    await using single = await openEmbedder();
    const ended: string[] = [];
    const long = 'word '.repeat(250);
    // Eight texts in two jobs, both with the thread; the shortest text alone tells when it has begun.
    const bulk = single.embed(Array(8).fill(long)).then(() => ended.push('bulk'));
    await single.embed(['x'], { kind: 'question' });
    const question = single.embed(['Who?'], { kind: 'question' }).then(() => ended.push('question'));
    await Promise.all([bulk, question]);
    expect(ended).toEqual(['question', 'bulk']);
  });

  test('spreads questions over its threads, however many batches each has', async () => {
    await using pair = await openEmbedder({ threads: 2 });
    const bulk = pair.embed(Array(16).fill('word '.repeat(250)));
    let bulkDone = false;
    void bulk.then(() => {
      bulkDone = true;
    });
    const questions = Array.from({ length: 6 }, (_, n) => pair.embed([`Who ${n}?`], { kind: 'question' }));
    expect(await Promise.all(questions)).toHaveLength(6);
    expect(bulkDone).toBe(false);
    await bulk;
  });

  test('whose thread died fails its jobs with EMBEDDING_FAILED, and goes on with a new thread', async () => {
    await using single = await openEmbedder();
    let worker = started.at(-1);
    const [before] = await single.embed(['x']);
    let lost: PromiseRejectedResult[] = [];
    // On a busy machine the thread may be done with all of them before this one hears of the first.
    for (let tries = 0; lost.length === 0 && tries < 5; tries++) {
      worker = started.at(-1);
      const jobs = Array.from({ length: 12 }, (_, n) => single.embed([`Text ${n}. `.repeat(80)]));
      const outcomes = Promise.allSettled(jobs);
      await jobs[0];
      breakThread(worker);
      lost = (await outcomes).filter((outcome) => outcome.status === 'rejected');
    }
    expect(lost.length).toBeGreaterThan(0);
    // Those that were with the thread; the others waited for the new one.
    expect(lost.length).toBeLessThanOrEqual(2);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'EMBEDDING_FAILED' });
    const [after] = await single.embed(['x']);
    expect(bits(after)).toBe(bits(before));
    expect(started.at(-1)).not.toBe(worker);
  });

  test('that can’t replace its thread says so, and recovers when it can', async () => {
    await using folder = await tempFolder();
    const modelPath = join(folder.path, 'model.onnx');
    await copyFile(files.modelPath, modelPath);
    await using single = await openEmbedder({ modelPath });
    await rm(modelPath);
    breakThread(started.at(-1));
    // The first may be lost with the thread, the second finds none, the third is as badly off.
    for (let tries = 0; tries < 3; tries++)
      await expect(single.embed(['x'])).rejects.toMatchObject({ code: 'EMBEDDING_FAILED' });
    await copyFile(files.modelPath, modelPath);
    await expect(embeddedAtLast(single)).resolves.toHaveLength(1);
  });

  test('that is closed rejects what waits, takes no more, and leaves no thread', async () => {
    const single = await openEmbedder({ threads: 2 });
    const workers = started.slice(-2);
    // Far more than two threads are given at once: what they have is done, where this thread hears of it late.
    const jobs = Array.from({ length: 60 }, (_, n) => single.embed([`Text ${n}. `.repeat(50)]));
    const outcomes = Promise.allSettled(jobs);
    await jobs[0];
    await single[Symbol.asyncDispose]();
    const rejected = (await outcomes).filter((outcome) => outcome.status === 'rejected');
    expect(rejected.length).toBeGreaterThanOrEqual(5);
    for (const { reason } of rejected) expect(reason).toMatchObject({ code: 'EMBEDDING_FAILED' });
    await expect(single.embed(['x'])).rejects.toMatchObject({ code: 'EMBEDDING_FAILED' });
    expect(workers.map((worker) => worker.threadId)).toEqual([-1, -1]);
  });

  test('that is closed while it computes and while it loads does not take the process along', async () => {
    // In a process of its own, which native code that is interrupted would abort.
    const code = `
      import { OnnxEmbedder } from './activities/adapters/onnx/onnx-embedder.ts';
      const options = JSON.parse(process.argv[2]);
      for (let n = 0; n < 6; n++) {
        const embedder = await OnnxEmbedder.open(options);
        const jobs = Promise.allSettled([embedder.embed(Array(8).fill('word '.repeat(230)))]);
        await new Promise((resolve) => setTimeout(resolve, n * 15));
        await embedder[Symbol.asyncDispose]();
        await jobs;
      }
      console.log('done');`;
    const options = { ...minilm, ...files, threads: 1 };
    expect(await runModule(code, [JSON.stringify(options)])).toEqual({
      code: 0,
      signal: null,
      stdout: 'done\n',
      stderr: '',
    });
  });

  test('that is closed while a thread is replaced leaves none', async () => {
    const single = await openEmbedder();
    const worker = started.at(-1);
    const lost = new Promise((resolve) => worker?.once('error', resolve));
    breakThread(worker);
    await lost;
    expect(started.at(-1)).not.toBe(worker);
    await single[Symbol.asyncDispose]();
    expect(started.at(-1)?.threadId).toBe(-1);
  });
});

describe('a model that can’t be loaded', () => {
  test.each(['modelPath', 'tokenizerPath'] as const)(
    'because its %s is missing is ASSET_UNAVAILABLE',
    async (file) => {
      await expect(openEmbedder({ [file]: '/no/such/file' })).rejects.toMatchObject({
        code: 'ASSET_UNAVAILABLE',
      });
    },
  );

  test.each(['modelPath', 'tokenizerPath'] as const)(
    'because its %s is garbage is ASSET_UNAVAILABLE',
    async (file) => {
      await using folder = await tempFolder();
      const path = join(folder.path, 'garbage');
      await writeFile(path, 'garbage');
      await expect(openEmbedder({ [file]: path, threads: 2 })).rejects.toMatchObject({
        code: 'ASSET_UNAVAILABLE',
      });
    },
  );
});

function openEmbedder(options: Partial<Parameters<typeof OnnxEmbedder.open>[0]> = {}): Promise<Embedder> {
  return OnnxEmbedder.open({ ...minilm, ...files, threads: 1, ...options });
}

/** Whether all threads had passages at any moment of it. */
async function wasBusyFor(
  texts: readonly string[],
  kind: 'passage' | 'question' = 'passage',
): Promise<boolean> {
  let over = false;
  let wasBusy = false;
  const embedded = embedder.embed(texts, { kind }).finally(() => {
    over = true;
  });
  for (; !over; await new Promise(setImmediate)) wasBusy ||= embedder.busy;
  await embedded;
  return wasBusy;
}

/** A thread takes a moment to start; what is asked before may still fail. */
const embeddedAtLast = (single: Embedder): Promise<readonly Float32Array[]> =>
  eventually(() => single.embed(['x']).catch(() => null));

/** Ends a thread by an error that nobody expects: it can't make sense of the message. */
function breakThread(worker: threads.Worker | undefined): void {
  worker?.postMessage('no job');
}

function cosine(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

/** Two vectors are the same when these are. */
function bits(vector: Float32Array | undefined): string {
  return Buffer.from(Float32Array.from(vector ?? []).buffer).toString('base64');
}
