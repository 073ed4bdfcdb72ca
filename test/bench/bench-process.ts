/** A process that a benchmark starts and ends: Temporal's server, or a worker. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is shown of the log of a process that failed, in UTF-16 units. */
const LOG_TAIL = 4_000;
/** Longest wait for a process that was asked to end. */
const GRACE_MS = 20_000;

export class BenchProcess implements AsyncDisposable {
  readonly pid: number;
  /** Rejects when it ends though nobody asked for it; never resolves. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stopping = false;

  constructor(name: string, child: ChildProcess, logPath: string) {
    if (child.pid === undefined) throw new Error(`${name} could not be started`);
    this.pid = child.pid;
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    const failed = Promise.withResolvers<never>();
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      const log = readFileSync(logPath, 'utf8').slice(-LOG_TAIL);
      failed.reject(new Error(`${name} ended by itself (${signal ?? code})\n${log}`));
    });
    // Whoever waits for it hears of it; nobody has to.
    failed.promise.catch(() => {});
    this.failed = failed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.#ended;
    clearTimeout(force);
  }
}
