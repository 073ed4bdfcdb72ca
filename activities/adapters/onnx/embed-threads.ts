/** Threads that embed, and the two lines of jobs before them: questions, then passages. */
import { Worker } from 'node:worker_threads';
import { ScriptoriumError } from '../../errors.ts';
import { siblingModule } from '../../sibling-module.ts';
import { type EmbedReply, embedReply, type ThreadOptions, threadReady } from './thread-messages.ts';

interface Job {
  readonly texts: readonly string[];
  resolve(vectors: Float32Array): void;
  reject(error: ScriptoriumError): void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/** One job computes while the next lies ready, so that the thread never waits for the main one. */
const JOBS_PER_THREAD = 2;

export class EmbedThreads implements AsyncDisposable {
  readonly #options: ThreadOptions;
  readonly #threads = new Set<Thread>();
  readonly #questions: Job[] = [];
  readonly #passages: Job[] = [];
  #nextId = 0;
  #closed = false;

  private constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Resolves when every thread has loaded the model. */
  static async start(
    options: ThreadOptions,
    threads: number,
  ): Promise<{ pool: EmbedThreads; dimensions: number }> {
    const pool = new EmbedThreads(options);
    const [dimensions] = await Promise.all(Array.from({ length: threads }, () => pool.#addThread()));
    if (!dimensions)
      throw new ScriptoriumError('INVALID_CONFIG', 'SCRIPTORIUM_EMBED_THREADS must be at least 1');
    return { pool, dimensions };
  }

  run(texts: readonly string[], kind: 'question' | 'passage'): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new ScriptoriumError('EMBEDDING_FAILED', 'The embedder is closed'));
      (kind === 'question' ? this.#questions : this.#passages).push({ texts, resolve, reject });
      this.#dispatch();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const job of [...this.#questions.splice(0), ...this.#passages.splice(0)]) {
      job.reject(new ScriptoriumError('EMBEDDING_FAILED', 'The embedder was closed'));
    }
    await Promise.all([...this.#threads].map((thread) => thread.worker.terminate()));
  }

  #dispatch(): void {
    for (let thread = this.#idlest(); thread; thread = this.#idlest()) {
      const job = this.#questions.shift() ?? this.#passages.shift();
      if (!job) return;
      const id = this.#nextId++;
      thread.jobs.set(id, job);
      thread.worker.postMessage({ id, texts: job.texts });
    }
  }

  #idlest(): Thread | undefined {
    const [idlest] = [...this.#threads].sort((a, b) => a.jobs.size - b.jobs.size);
    return idlest && idlest.jobs.size < JOBS_PER_THREAD ? idlest : undefined;
  }

  async #addThread(): Promise<number> {
    const worker = new Worker(siblingModule(import.meta.url, 'embed-thread'), { workerData: this.#options });
    const dimensions = await readyThread(worker);
    const thread: Thread = { worker, jobs: new Map() };
    this.#threads.add(thread);
    worker.on('message', (message: unknown) => this.#settle(thread, embedReply.parse(message)));
    worker.on('error', (error) => this.#replace(thread, String(error)));
    worker.on('exit', () => this.#replace(thread, 'the thread ended'));
    this.#dispatch();
    return dimensions;
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
    if (!this.#closed) this.#addThread().catch(() => this.#failWaiting(why));
  }

  #failWaiting(why: string): void {
    if (this.#threads.size > 0) return;
    for (const job of [...this.#questions.splice(0), ...this.#passages.splice(0)]) {
      job.reject(new ScriptoriumError('EMBEDDING_FAILED', `No embedding thread could be started: ${why}`));
    }
  }
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
    worker.once('error', fail);
    worker.once('message', (message: unknown) => {
      worker.off('error', fail);
      resolve(threadReady.parse(message).dimensions);
    });
  });
}
