/**
 * Threads that embed, and the two lines of jobs before them: questions, then passages.
 *
 * A thread ends by itself when it is told to. `terminate` would abort the whole process wherever it meets the model's
 * native code, which can't bear to be interrupted.
 */
import { Worker } from 'node:worker_threads';
import { ScriptoriumError } from '../../errors.ts';
import { siblingModule } from '../../sibling-module.ts';
import { CLOSE, type EmbedReply, embedReply, type ThreadOptions, threadReady } from './thread-messages.ts';

interface Job {
  readonly texts: readonly Int32Array[];
  readonly urgent: boolean;
  resolve(vectors: Float32Array): void;
  reject(error: ScriptoriumError): void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/**
 * One job computes while the next lies ready, so that the thread never waits for the main one. Questions do not wait
 * here: their threads take them between two texts of a batch.
 */
const JOBS_PER_THREAD = 2;

export class EmbedThreads implements AsyncDisposable {
  readonly #options: ThreadOptions;
  readonly #wanted: number;
  /** Every thread that has not ended: those that load the model, too. */
  readonly #workers = new Set<Worker>();
  #loading = 0;
  /** Those that have loaded it. */
  readonly #threads = new Set<Thread>();
  readonly #questions: Job[] = [];
  readonly #passages: Job[] = [];
  #nextId = 0;
  #closed = false;

  private constructor(options: ThreadOptions, threads: number) {
    this.#options = options;
    this.#wanted = threads;
  }

  /** Resolves when every thread has loaded the model. */
  static async start(
    options: ThreadOptions,
    threads: number,
  ): Promise<{ pool: EmbedThreads; dimensions: number }> {
    const pool = new EmbedThreads(options, threads);
    try {
      const [dimensions] = await Promise.all(Array.from({ length: threads }, () => pool.#addThread()));
      if (dimensions) return { pool, dimensions };
      throw new ScriptoriumError('INVALID_CONFIG', 'SCRIPTORIUM_EMBED_THREADS must be at least 1');
    } catch (error) {
      await pool[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether every thread has passages in hand. */
  get busy(): boolean {
    const threads = [...this.#threads];
    return (
      threads.length > 0 && threads.every(({ jobs }) => [...jobs.values()].some(({ urgent }) => !urgent))
    );
  }

  /** @param texts token ids of each, special tokens included */
  run(texts: readonly Int32Array[], kind: 'question' | 'passage'): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new ScriptoriumError('EMBEDDING_FAILED', 'The embedder is closed'));
      const urgent = kind === 'question';
      (urgent ? this.#questions : this.#passages).push({ texts, urgent, resolve, reject });
      if (this.#threads.size + this.#loading === 0) this.#refill();
      this.#dispatch();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#failWaiting('The embedder was closed');
    const ended = [...this.#workers].map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of this.#workers) worker.postMessage(CLOSE);
    await Promise.all(ended);
  }

  #dispatch(): void {
    this.#dispatchFrom(this.#questions, () => this.#idlest(urgentJobs));
    this.#dispatchFrom(this.#passages, () => {
      const idlest = this.#idlest(({ jobs }) => jobs.size);
      return idlest && idlest.jobs.size < JOBS_PER_THREAD ? idlest : undefined;
    });
  }

  #dispatchFrom(line: Job[], choose: () => Thread | undefined): void {
    for (let thread = choose(); thread; thread = choose()) {
      const job = line.shift();
      if (!job) return;
      const id = this.#nextId++;
      thread.jobs.set(id, job);
      thread.worker.postMessage({ id, texts: job.texts, urgent: job.urgent });
    }
  }

  #idlest(loadOf: (thread: Thread) => number): Thread | undefined {
    return [...this.#threads].sort((a, b) => loadOf(a) - loadOf(b))[0];
  }

  async #addThread(): Promise<number> {
    const worker = new Worker(siblingModule(import.meta.url, 'embed-thread'), { workerData: this.#options });
    this.#workers.add(worker);
    worker.once('exit', () => this.#workers.delete(worker));
    const dimensions = await this.#loaded(worker);
    const thread: Thread = { worker, jobs: new Map() };
    this.#threads.add(thread);
    worker.on('message', (message: unknown) => this.#settle(thread, embedReply.parse(message)));
    worker.on('error', (error) => this.#replace(thread, String(error)));
    worker.on('exit', () => this.#replace(thread, 'the thread ended'));
    this.#dispatch();
    return dimensions;
  }

  async #loaded(worker: Worker): Promise<number> {
    this.#loading += 1;
    try {
      return await readyThread(worker);
    } finally {
      this.#loading -= 1;
    }
  }

  #settle(thread: Thread, reply: EmbedReply): void {
    const job = thread.jobs.get(reply.id);
    thread.jobs.delete(reply.id);
    if (reply.kind === 'done') job?.resolve(reply.vectors);
    else job?.reject(new ScriptoriumError('EMBEDDING_FAILED', `The model failed: ${reply.message}`));
    this.#dispatch();
  }

  /** A thread that died takes its jobs with it; their callers hear of it, and a new thread takes its place. */
  #replace(thread: Thread, why: string): void {
    if (!this.#threads.delete(thread)) return;
    for (const job of thread.jobs.values())
      job.reject(new ScriptoriumError('EMBEDDING_FAILED', `The model failed: ${why}`));
    if (!this.#closed) this.#start();
  }

  /** After a time in which no thread could be started, the next job tries anew. */
  #refill(): void {
    for (let n = 0; n < this.#wanted; n++) this.#start();
  }

  #start(): void {
    this.#addThread().catch((error: unknown) => {
      if (this.#threads.size + this.#loading === 0)
        this.#failWaiting(`No embedding thread could be started: ${String(error)}`);
    });
  }

  #failWaiting(why: string): void {
    for (const job of [...this.#questions.splice(0), ...this.#passages.splice(0)])
      job.reject(new ScriptoriumError('EMBEDDING_FAILED', why));
  }
}

/** Of two threads with as many questions, the one with fewer batches. */
function urgentJobs({ jobs }: Thread): number {
  return [...jobs.values()].filter(({ urgent }) => urgent).length + jobs.size / 1_000;
}

function readyThread(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(
        new ScriptoriumError(
          'ASSET_UNAVAILABLE',
          `The embedding model could not be loaded: ${String(error)}`,
        ),
      );
    };
    const endedEarly = (): void => fail('the thread ended');
    worker.once('error', fail).once('exit', endedEarly);
    worker.once('message', (message: unknown) => {
      worker.off('error', fail).off('exit', endedEarly);
      resolve(threadReady.parse(message).dimensions);
    });
  });
}
