/** A worker process as a part of the stack: the one that ingests, or the one that answers over HTTP. */
import { type ChildProcess, fork } from 'node:child_process';
import type { ErrorCode } from '../../activities/errors.ts';
import { siblingModule } from '../../activities/sibling-module.ts';
import type { Part } from '../../client/stack-state.ts';
import { workerEnv, workerFlags } from '../../client/worker-flags.ts';
import { ManagedProcess, type ManagedProcessOptions } from './managed-process.ts';
import { SilenceWatch } from './silence-watch.ts';
import { type SupervisorMessage, workerMessage } from './worker-messages.ts';

export interface WorkerProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A worker that does not answer within this time is busy or stuck; either way it is not healthy. */
const HEALTH_TIMEOUT_MS = 5_000;

/** One whose main thread has answered nothing for five minutes, as in a call that hangs, or frozen, is replaced. */
const LOOK_EVERY_MS = 60_000;
const MOST_SILENT_LOOKS = 5;

/** A worker that never gets ready, and can't say why, is given up after so many starts. */
const MAX_EARLY_ENDS = 4;

export interface WorkerPartOptions {
  /** As `status` shows it, and as its log is called. */
  readonly name: 'workers' | 'http';
  /** Of `worker-main`. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Descriptor of its log. */
  readonly log: number;
  readonly onUnexpectedEnd: ManagedProcessOptions['onUnexpectedEnd'];
  /** Where its HTTP server is, each time that one has started: the port need not be the same. */
  onListening(httpUrl: string): void;
}

export class WorkerPart {
  readonly #name: string;
  readonly #process: ManagedProcess;
  readonly #onListening: WorkerPartOptions['onListening'];
  readonly #watch: SilenceWatch;
  #ready = false;
  #wasReady = false;
  #earlyEnds = 0;
  #problem: WorkerProblem | null = null;
  #metricsUrl: string | null = null;
  #httpUrl: string | null = null;
  #wake: (() => void)[] = [];

  constructor({ name, args, env, log, onUnexpectedEnd, onListening }: WorkerPartOptions) {
    this.#name = name;
    this.#onListening = onListening;
    const entry = siblingModule(import.meta.url, '../worker-main');
    const start = (): ChildProcess => {
      const child = fork(entry, [...args], {
        execArgv: [...process.execArgv.filter((flag) => !workerFlags.includes(flag)), ...workerFlags],
        env: { ...workerEnv, ...env },
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
      });
      child.on('message', (message) => this.#hear(message));
      child.once('exit', () => this.#ended());
      return child;
    };
    this.#process = new ManagedProcess({ name, start, onUnexpectedEnd });
    this.#watch = new SilenceWatch({
      ...{ everyMs: LOOK_EVERY_MS, most: MOST_SILENT_LOOKS },
      ask: () => this.#ping(),
      onSilent: () => this.#process.kill('did not answer for minutes and had to be killed'),
    });
  }

  /** Starts it; resolves to null when it is ready, or to what keeps it from starting. */
  async start(): Promise<WorkerProblem | null> {
    this.#process.start();
    while (!this.#ready && !this.#problem) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.#ready ? null : this.#problem;
  }

  async stop(graceMs: number): Promise<void> {
    this.#watch[Symbol.dispose]();
    await this.#process.stop(graceMs);
  }

  /** What the process says of itself, and of the store that it holds. */
  async parts(): Promise<readonly Part[]> {
    const { child, restarts } = this.#process;
    const again = restarts > 0 ? `, started again ${restarts} times` : '';
    if (!child || !this.#ready) {
      const detail = this.#problem ? this.#problem.message : `starting${again}`;
      return [{ name: this.#name, address: null, healthy: false, detail }];
    }
    const health = await healthOf(child);
    const detail = `process ${child.pid}${again}`;
    if (this.#httpUrl !== null) {
      const said = health.healthy ? detail : health.detail;
      return [
        { name: this.#name, address: this.#httpUrl, healthy: health.healthy, detail: said },
        ...this.#metricsPart('http metrics'),
      ];
    }
    return [
      { name: this.#name, address: null, healthy: true, detail },
      { name: 'store', address: null, healthy: health.healthy, detail: health.detail },
      ...this.#metricsPart('metrics'),
    ];
  }

  #metricsPart(name: string): readonly Part[] {
    if (this.#metricsUrl === null) return [];
    return [{ name, address: this.#metricsUrl, healthy: true, detail: 'for Prometheus' }];
  }

  /** False where there is no process that could answer. */
  #ping(): boolean {
    const { child } = this.#process;
    if (!child || !this.#ready) return false;
    // Without a callback a message that can't be sent is an error of the process, which would be heard as its end.
    child.send({ kind: 'ping' } satisfies SupervisorMessage, () => {});
    return true;
  }

  #ended(): void {
    this.#change(() => (this.#ready = false));
    if (this.#wasReady || ++this.#earlyEnds < MAX_EARLY_ENDS) return;
    const message = `The process of ${this.#name} ended ${MAX_EARLY_ENDS} times before it was ready; ${this.#name}.log says why`;
    this.#change(() => (this.#problem ??= { code: 'STACK_UNREACHABLE', message }));
  }

  #hear(sent: unknown): void {
    const { success, data: message } = workerMessage.safeParse(sent);
    if (!success) return;
    if (message.kind === 'pong') this.#watch.heard();
    if (message.kind === 'ready') {
      this.#metricsUrl = message.metricsUrl;
      this.#httpUrl = message.httpUrl;
      if (message.httpUrl !== null) this.#onListening(message.httpUrl);
      this.#change(() => ([this.#ready, this.#wasReady, this.#problem] = [true, true, null]));
    }
    if (message.kind === 'failed')
      this.#change(() => (this.#problem = { code: message.code, message: message.message }));
  }

  #change(apply: () => void): void {
    apply();
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function healthOf(child: ChildProcess): Promise<{ healthy: boolean; detail: string }> {
  return new Promise((resolve) => {
    const settle = (health: { healthy: boolean; detail: string }): void => {
      clearTimeout(timer);
      child.off('message', hear);
      resolve(health);
    };
    const hear = (message: unknown): void => {
      const { data } = workerMessage.safeParse(message);
      if (data?.kind === 'health') settle(data);
    };
    const timer = setTimeout(
      () => settle({ healthy: false, detail: 'no answer from the workers' }),
      HEALTH_TIMEOUT_MS,
    );
    child.on('message', hear);
    child.send(
      { kind: 'health' } satisfies SupervisorMessage,
      (error) => error && settle({ healthy: false, detail: error.message }),
    );
  });
}
