import { Worker } from 'node:worker_threads';

/** The texts dealt out to as many threads as the product uses, so that each has about the same to do. */
export class BareLoop implements AsyncDisposable {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  static async start(
    texts: readonly string[],
    { threads, ...files }: { modelPath: string; tokenizerPath: string; threads: number },
  ) {
    const workers = Array.from({ length: threads }, (_, thread) => {
      const own = texts.filter((_text, index) => index % threads === thread);
      return new Worker(new URL('../bare-thread.ts', import.meta.url), {
        workerData: { ...files, texts: own },
      });
    });
    await Promise.all(workers.map(nextMessage));
    return new BareLoop(workers);
  }

  async run(): Promise<void> {
    const done = this.#workers.map(nextMessage);
    for (const worker of this.#workers) worker.postMessage('run');
    await Promise.all(done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function nextMessage(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
}
