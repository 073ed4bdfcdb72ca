import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';

/** Requests of one kind on their way to an endpoint: so many at once, and none while one of them waits to be sent again. */
export class Lane {
  readonly #queue: PQueue;
  /** Requests that wait before they are sent again. */
  #pauses = 0;

  constructor(requestsAtOnce: number) {
    this.#queue = new PQueue({ concurrency: requestsAtOnce });
  }

  async add<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#queue.add(request, { signal });
  }

  async pause(ms: number, signal: AbortSignal): Promise<void> {
    this.#pauses += 1;
    this.#queue.pause();
    try {
      await delay(ms, undefined, { signal });
    } finally {
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#queue.start();
    }
  }

  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }
}
