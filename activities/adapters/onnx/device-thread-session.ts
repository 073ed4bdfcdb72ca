/**
 * A device's session in a thread of its own, because `run` blocks. It ends by itself when it is told to: to interrupt
 * native code would abort the whole process. A thread that died is replaced at the next batch.
 */
import { Worker } from 'node:worker_threads';
import { ScriptoriumError } from '../../errors.ts';
import { siblingModule } from '../../sibling-module.ts';
import { CLOSE, type DeviceReply, type DeviceThreadOptions, deviceReply } from './device-messages.ts';
import {
  DeviceMemoryError,
  type DeviceSession,
  type PaddedBatch,
  saysOutOfMemory,
} from './device-session.ts';

export class DeviceThreadSession implements DeviceSession {
  readonly dimensions: number;
  readonly #options: DeviceThreadOptions;
  #thread: Promise<DeviceThread>;

  private constructor(options: DeviceThreadOptions, thread: DeviceThread) {
    this.#options = options;
    this.#thread = Promise.resolve(thread);
    this.dimensions = thread.dimensions;
  }

  /** @throws ScriptoriumError ASSET_UNAVAILABLE when the device or the model can't be loaded */
  static async open(options: DeviceThreadOptions): Promise<DeviceThreadSession> {
    return new DeviceThreadSession(options, await DeviceThread.start(options));
  }

  async run(batch: PaddedBatch): Promise<Float32Array> {
    const reply = await (await this.#running()).ask(batch);
    if (reply.kind === 'done') return reply.vectors;
    const message = reply.kind === 'failed' ? reply.message : 'the thread began anew';
    throw saysOutOfMemory(message) ? new DeviceMemoryError(message) : new Error(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [thread] = await Promise.allSettled([this.#thread]);
    if (thread.status === 'fulfilled') await thread.value.end();
  }

  async #running(): Promise<DeviceThread> {
    const current = this.#thread;
    const [thread] = await Promise.allSettled([current]);
    const lost = thread.status === 'rejected' || thread.value.ended;
    // Another batch may have started one meanwhile.
    if (lost && this.#thread === current) this.#thread = DeviceThread.start(this.#options);
    return await this.#thread;
  }
}

/** A thread, and those who wait for its answers, which come in the order of the batches. */
class DeviceThread {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<DeviceReply>[] = [];
  readonly #exit: Promise<void>;
  #dimensions = 0;
  ended = false;

  private constructor(options: DeviceThreadOptions) {
    this.#worker = new Worker(siblingModule(import.meta.url, 'device-thread'), { workerData: options });
    this.#worker.on('message', (message: unknown) =>
      this.#waiting.shift()?.resolve(deviceReply.parse(message)),
    );
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exit = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new Error('the thread ended'));
        resolve();
      });
    });
  }

  static async start(options: DeviceThreadOptions): Promise<DeviceThread> {
    const thread = new DeviceThread(options);
    try {
      const reply = await thread.#next();
      if (reply.kind !== 'ready') throw new Error(`the thread began with ${reply.kind}`);
      thread.#dimensions = reply.dimensions;
      return thread;
    } catch (error) {
      const why = `The embedding model could not be loaded on ${options.provider}: ${String(error)}`;
      throw new ScriptoriumError('ASSET_UNAVAILABLE', why, { cause: error });
    }
  }

  get dimensions(): number {
    return this.#dimensions;
  }

  ask(batch: PaddedBatch): Promise<DeviceReply> {
    this.#worker.postMessage(batch, [batch.ids.buffer, batch.lengths.buffer]);
    return this.#next();
  }

  async end(): Promise<void> {
    this.#worker.postMessage(CLOSE);
    await this.#exit;
  }

  #next(): Promise<DeviceReply> {
    const reply = Promise.withResolvers<DeviceReply>();
    this.#waiting.push(reply);
    return reply.promise;
  }

  #fail(error: unknown): void {
    this.ended = true;
    for (const reply of this.#waiting.splice(0)) reply.reject(error);
  }
}
