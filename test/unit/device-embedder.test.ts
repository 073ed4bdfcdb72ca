/** The embedder of GPUs, over a device that is nothing but its memory and its failures. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf } from '../../activities/adapters/onnx/device-batch.ts';
import {
  type DeviceBatch,
  DeviceEmbedder,
  type DeviceEmbedderOptions,
} from '../../activities/adapters/onnx/device-embedder.ts';
import {
  DeviceMemoryError,
  type DeviceSession,
  type PaddedBatch,
  saysOutOfMemory,
} from '../../activities/adapters/onnx/device-session.ts';
import { errorRegistry } from '../../activities/errors.ts';
import { eventually } from '../helpers/eventually.ts';

const MAX_TOKENS = 256;

/** A text's ids are the code points of its letters; its vector tells them apart. */
const idsOf = (text: string): number[] => [...text].map((letter) => letter.codePointAt(0) ?? 0);
const vectorOf = (ids: readonly number[]): number[] => [ids.length, ids.reduce((sum, id) => sum + id, 0)];

interface FakeOptions {
  /** Tokens of a batch, padding included, that fit. */
  readonly memory?: number;
  /** What else happens before a batch is done. */
  before?(batch: PaddedBatch): Promise<void>;
}

class FakeSession implements DeviceSession {
  readonly dimensions = 2;
  readonly batches: PaddedBatch[] = [];
  closed = false;
  readonly #options: FakeOptions;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
  }

  async run(batch: PaddedBatch): Promise<Float32Array> {
    this.batches.push(batch);
    await this.#options.before?.(batch);
    const { rows, tokens, ids, lengths } = batch;
    if (rows * tokens > (this.#options.memory ?? Number.POSITIVE_INFINITY))
      throw new DeviceMemoryError('Failed to allocate memory for requested buffer of size 939524096');
    return Float32Array.from(
      Array.from(lengths, (length, row) =>
        vectorOf([...ids.subarray(row * tokens, row * tokens + length)]),
      ).flat(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

function embedderOf(
  sessions: DeviceEmbedderOptions['sessions'],
  options: Partial<DeviceEmbedderOptions> = {},
): DeviceEmbedder {
  return new DeviceEmbedder({
    ...{ id: 'fake', deviceName: 'cuda', maxTokens: MAX_TOKENS, sessions },
    tokenize: async (texts) => texts.map((text) => idsOf(text).slice(0, MAX_TOKENS)),
    ...options,
  });
}

const plain = (vectors: readonly Float32Array[]): number[][] => vectors.map((vector) => [...vector]);
const expected = (texts: readonly string[]): number[][] => texts.map((text) => vectorOf(idsOf(text)));
const texts = fc.array(fc.string({ minLength: 1, maxLength: MAX_TOKENS, unit: 'binary-ascii' }), {
  maxLength: 120,
});

describe('an embedder of a GPU', () => {
  test('gives every caller the vectors of its texts in their order, whatever the memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(texts, { maxLength: 4 }),
        fc.integer({ min: 8, max: 20_000 }),
        fc.integer({ min: 1, max: 3 }),
        async (callers, memory, lanes) => {
          const [first, ...more] = Array.from({ length: lanes }, () => new FakeSession({ memory }));
          await using embedder = embedderOf([first ?? new FakeSession(), ...more]);
          const outcomes = await Promise.allSettled(callers.map((each) => embedder.embed(each)));
          for (const [caller, outcome] of outcomes.entries()) {
            const own = callers[caller] ?? [];
            const fits = own.every((text) => bucketOf(text.length) <= memory);
            if (outcome.status === 'fulfilled') expect(plain(outcome.value)).toEqual(expected(own));
            else expect(outcome.reason).toMatchObject({ code: 'EMBEDDING_DEVICE_FAILED' });
            expect(outcome.status).toBe(fits ? 'fulfilled' : 'rejected');
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('gathers the texts of all callers into batches of the budget', async () => {
    const session = new FakeSession();
    await using embedder = embedderOf([session]);
    await Promise.all(
      Array.from({ length: 32 }, (_, n) => embedder.embed(Array(4).fill(`${n}`.padEnd(250, 'x')))),
    );
    // The first two set out before the others came.
    expect(session.batches.length).toBeLessThanOrEqual(6);
    expect(Math.max(...session.batches.map(({ rows }) => rows))).toBe(32);
  });

  test('keeps two batches in flight', async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    const session = new FakeSession({
      before: () => {
        const gate = Promise.withResolvers<void>();
        gates.push(gate);
        return gate.promise;
      },
    });
    await using embedder = embedderOf([session]);
    const vectors = embedder.embed(Array(96).fill('x'.repeat(250)));
    while (gates.length < 2) await Promise.resolve();
    expect(session.batches).toHaveLength(2);
    for (let gate = 0; gate < 3; gate++) {
      gates[gate]?.resolve();
      while (gates.length < Math.min(3, gate + 3)) await Promise.resolve();
    }
    expect(await vectors).toHaveLength(96);
  });

  test('tells who asked of each text that is done, however long the others take', async () => {
    const gate = Promise.withResolvers<void>();
    const session = new FakeSession({
      before: async ({ ids }) => (ids.includes('y'.codePointAt(0) ?? 0) ? await gate.promise : undefined),
    });
    await using embedder = embedderOf([session]);
    let done = 0;
    const texts = [...Array(32).fill('x'.repeat(250)), 'y'];
    const vectors = embedder.embed(texts, { onSome: () => (done += 1) });
    await eventually(async () => done === 32);
    gate.resolve();
    expect(await vectors).toHaveLength(33);
    expect(done).toBe(33);
  });

  test('takes questions before the passages that wait, in a batch of their own', async () => {
    const gate = Promise.withResolvers<void>();
    const session = new FakeSession({ before: () => gate.promise });
    await using embedder = embedderOf([session]);
    const order: string[] = [];
    const passages = embedder.embed(Array(200).fill('p'.repeat(250))).then(() => order.push('passages'));
    await Promise.resolve();
    const question = embedder.embed(['Who?'], { kind: 'question' }).then(() => order.push('question'));
    gate.resolve();
    await Promise.all([passages, question]);
    expect(order).toEqual(['question', 'passages']);
    expect(session.batches.findIndex(({ rows }) => rows === 1)).toBe(2);
  });

  test('halves its batches when memory runs out, and goes on', async () => {
    const session = new FakeSession({ memory: 3 * MAX_TOKENS });
    await using embedder = embedderOf([session]);
    const passages = Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(250, 'x'));
    expect(plain(await embedder.embed(passages))).toEqual(expected(passages));
    expect(embedder.tokensPerBatch).toBeLessThanOrEqual(3 * MAX_TOKENS);
  });

  test('asks again after questions that did not fit together', async () => {
    await using embedder = embedderOf([new FakeSession({ memory: MAX_TOKENS })]);
    const questions = ['a', 'b', 'c'].map((letter) => letter.repeat(200));
    expect(plain(await embedder.embed(questions, { kind: 'question' }))).toEqual(expected(questions));
  });

  test('fails a single text that does not fit, with what to do, and no other', async () => {
    await using embedder = embedderOf([new FakeSession({ memory: 64 })]);
    const outcomes = Promise.allSettled([embedder.embed(['x'.repeat(200)]), embedder.embed(['short'])]);
    const [long, short] = await outcomes;
    expect(long).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'EMBEDDING_DEVICE_FAILED',
        message: expect.stringMatching(/200 tokens does not fit into the memory of cuda/),
        remedy: expect.stringContaining('SCRIPTORIUM_DEVICE=cpu'),
      },
    });
    expect(short.status).toBe('fulfilled');
  });

  test('fails the texts alone that it computes badly, and none that were in a batch with them', async () => {
    const isBad = (ids: Int32Array): boolean => ids.includes('!'.codePointAt(0) ?? 0);
    const session = new FakeSession({
      before: async ({ ids }) => {
        if (isBad(ids)) throw new Error('the device gives vectors that are zero, or no numbers');
      },
    });
    await using embedder = embedderOf([session]);
    const callers = ['one', 'two', 'no!', 'four', 'five', 'six'];
    const outcomes = await Promise.allSettled(callers.map((text) => embedder.embed([text, text])));
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
      callers.map((text) => !text.includes('!')),
    );
    expect(outcomes[2]).toMatchObject({ reason: { code: 'EMBEDDING_FAILED' } });
  });

  test('fails what was in a batch that failed otherwise, and goes on with the next', async () => {
    let runs = 0;
    const session = new FakeSession({
      before: async () => {
        if (++runs === 1) throw new Error('CUDA failure 700: an illegal memory access was encountered');
      },
    });
    await using embedder = embedderOf([session]);
    await expect(embedder.embed(['x'])).rejects.toMatchObject({
      code: 'EMBEDDING_FAILED',
      message: expect.stringContaining('CUDA failure 700'),
    });
    // The failed one, and the look whether the device still computes.
    expect(session.batches).toHaveLength(2);
    await expect(embedder.embed(['x'])).resolves.toHaveLength(1);
  });

  test('on a device that is lost says so, and that no book is at fault', async () => {
    const lost: string[] = [];
    const session = new FakeSession({
      before: async () => await Promise.reject(new Error('CUDA failure 700: an illegal memory access')),
    });
    await using embedder = embedderOf([session], { onLost: (reason) => lost.push(reason) });
    await expect(embedder.embed(['x'])).rejects.toMatchObject({
      code: 'EMBEDDING_DEVICE_FAILED',
      message: 'cuda is lost: Error: CUDA failure 700: an illegal memory access',
    });
    expect(errorRegistry.EMBEDDING_DEVICE_FAILED.outage).toBe(true);
    expect(lost).toEqual(['cuda is lost: Error: CUDA failure 700: an illegal memory access']);
  });

  test('tells of every batch what was in it', async () => {
    const heard: DeviceBatch[] = [];
    await using embedder = embedderOf([new FakeSession()], { onBatch: (batch) => heard.push(batch) });
    await embedder.embed(['x'.repeat(20), 'x'.repeat(30)]);
    expect(heard).toMatchObject([{ texts: 2, tokens: 50, paddedTokens: 64 }]);
    expect(heard[0]?.endedMs).toBeGreaterThanOrEqual(heard[0]?.startedMs ?? Number.NaN);
  });

  test('that is closed ends what runs, fails what waits, and closes its sessions', async () => {
    const gate = Promise.withResolvers<void>();
    const sessions = [new FakeSession({ before: () => gate.promise }), new FakeSession()] as const;
    const embedder = embedderOf(sessions);
    const running = embedder.embed(Array(32).fill('x'.repeat(250)));
    await Promise.resolve();
    await Promise.resolve();
    const waiting = Promise.allSettled([embedder.embed(Array(300).fill('y'.repeat(250)))]);
    await Promise.resolve();
    await Promise.resolve();
    const closed = embedder[Symbol.asyncDispose]();
    expect(sessions[0].closed).toBe(false);
    gate.resolve();
    await closed;
    expect(await running).toHaveLength(32);
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { code: 'EMBEDDING_FAILED' } }]);
    expect(sessions.map((session) => session.closed)).toEqual([true, true]);
    await expect(embedder.embed(['x'])).rejects.toMatchObject({ code: 'EMBEDDING_FAILED' });
  });

  test('does no work for who has given up already', async () => {
    await using embedder = embedderOf([new FakeSession()]);
    await expect(embedder.embed(['x'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

test.each([
  // ONNX Runtime 1.30, seen; the others as their makers word them.
  'Error: Non-zero status code returned while running Gather node. Status Message: bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 23592960000',
  'CUDA failure 2: out of memory ; GPU=0',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
  'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
  'std::bad_alloc',
  'Buffer size (4294967296) exceeds the max buffer size limit (268435456).',
])('%s means that memory is short', (message) => {
  expect(saysOutOfMemory(message)).toBe(true);
});

test.each([
  'CUDA failure 700: an illegal memory access was encountered',
  'CUDA failure 209: no kernel image',
])('%s does not', (message) => {
  expect(saysOutOfMemory(message)).toBe(false);
});
