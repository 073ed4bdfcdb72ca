import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import { types } from 'node:util';
import type { z } from 'zod';
import { diskCodeOf, isErrorCode, ScriptoriumError } from '../../../errors.ts';
import type { SandboxLimits } from '../../../ports/documents.ts';
import { siblingModule } from '../../../sibling-module.ts';
import { MEMORY_MARKER, replySchema, type SandboxRequest } from './protocol.ts';

/** V8 collects garbage harder as it nears this part of the memory limit; the rest is for WebAssembly and buffers. */
const HEAP_SHARE = 0.6;
/** End of what a process wrote to standard error, kept to tell why it died. */
const STDERR_CHARACTERS = 8192;
/** Nothing else of the environment reaches a process that opens hostile files: no keys, no addresses. */
const PASSED_VARIABLES = [
  'PATH',
  'TMPDIR',
  'TEMP',
  'LANG',
  'LC_ALL',
  'TZ',
  'SystemRoot',
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
];

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** One child process that reads documents. It answers one request at a time; when it dies, the request fails. */
export class SandboxProcess {
  readonly #child: ChildProcess;
  readonly #limits: SandboxLimits;
  readonly #ended = Promise.withResolvers<void>();
  #pending: Pending | null = null;
  #stderr = '';
  /** Why it was killed from here; null while nobody did. */
  #reason: { readonly error: unknown } | null = null;
  /** Why it is gone; null while it runs. */
  #death: { readonly error: unknown } | null = null;
  #rssBytes = 0;

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
    try {
      this.#child = forkChild(limits);
    } catch (error) {
      throw notStarted(error) ?? error;
    }
    this.#child.on('message', (message) => this.#receive(message));
    this.#child.once('error', (error) => this.#die(notStarted(error) ?? crashed(error.message)));
    // Only after `close`, not after `exit`, all of standard error has arrived.
    this.#child.once('close', (code, signal) => this.#die(causeOfDeath(this.#stderr, code, signal, limits)));
    this.#child.stderr?.on('data', (data) => {
      this.#stderr = (this.#stderr + String(data)).slice(-STDERR_CHARACTERS);
    });
    this.#hold(false);
  }

  /** Process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#death === null && this.#reason === null && this.#child.connected;
  }

  get busy(): boolean {
    return this.#pending !== null;
  }

  /** Resident memory after the last request, in bytes. */
  get rssBytes(): number {
    return this.#rssBytes;
  }

  /**
   * Sends one request and waits for its answer.
   * @throws ScriptoriumError what the process reports, EXTRACTION_TIMEOUT, EXTRACTION_OUT_OF_MEMORY, EXTRACTION_CRASHED,
   * or the reason it was killed with
   */
  async request<T>(request: SandboxRequest, schema: z.ZodType<T>): Promise<T> {
    const dead = this.#death ?? this.#reason;
    if (dead !== null) throw dead.error;
    const { timeoutMs } = this.#limits;
    const timer = setTimeout(() => this.kill(timedOut(request, timeoutMs)), timeoutMs);
    this.#hold(true);
    try {
      return schema.parse(await this.#exchange(request));
    } finally {
      clearTimeout(timer);
      this.#pending = null;
      this.#hold(false);
    }
  }

  /** Ends the process at once; a request that waits fails with `reason`. */
  kill(reason: unknown): void {
    this.#reason ??= { error: reason };
    this.#child.kill('SIGKILL');
  }

  /** Resolves when the process is gone. */
  async ended(): Promise<void> {
    this.#hold(true);
    await this.#ended.promise;
  }

  #exchange(request: SandboxRequest): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending = { resolve, reject };
    // It was never started, and has no channel: why, its event of an error will tell.
    if (this.#child.pid === undefined) return promise;
    // A process that cannot be written to is dying: why, its end will tell.
    this.#child.send(request, (error) => error !== null && this.#child.kill('SIGKILL'));
    return promise;
  }

  #receive(message: unknown): void {
    const parsed = replySchema.safeParse(message);
    if (!parsed.success) {
      this.kill(crashed('it gave an answer that makes no sense'));
      return;
    }
    const reply = parsed.data;
    this.#rssBytes = reply.rssBytes;
    if (reply.ok) this.#pending?.resolve(reply.value);
    else this.#pending?.reject(reported(reply.error.code, reply.error.message));
  }

  #die(cause: ScriptoriumError): void {
    this.#death ??= { error: this.#reason?.error ?? cause };
    this.#pending?.reject(this.#death.error);
    this.#ended.resolve();
  }

  /** An idle process does not keep the program running. */
  #hold(busy: boolean): void {
    const { stderr, channel } = this.#child;
    const action = busy ? 'ref' : 'unref';
    this.#child[action]();
    channel?.[action]();
    if (stderr instanceof Socket) stderr[action]();
  }
}

function reported(code: string, message: string): ScriptoriumError {
  return new ScriptoriumError(isErrorCode(code) ? code : 'INTERNAL', message);
}

function forkChild(limits: SandboxLimits): ChildProcess {
  const heapMb = Math.max(32, Math.floor((limits.maxMemoryBytes * HEAP_SHARE) / 2 ** 20));
  const variables = PASSED_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return fork(siblingModule(import.meta.url, 'child'), [String(limits.maxMemoryBytes), String(process.pid)], {
    // Young objects of 16 MB, as by default, take 24 MB more and no less time.
    execArgv: [`--max-old-space-size=${heapMb}`, '--max-semi-space-size=4'],
    // One process is one core: there are as many of them as there is work for. One arena for its threads is 15 MB less.
    env: {
      ...Object.fromEntries(variables),
      ...{ RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false', MALLOC_ARENA_MAX: '1' },
    },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function causeOfDeath(
  stderr: string,
  code: number | null,
  signal: NodeJS.Signals | null,
  limits: SandboxLimits,
): ScriptoriumError {
  if (stderr.includes(MEMORY_MARKER) || /heap out of memory|Array buffer allocation failed/.test(stderr)) {
    const megabytes = Math.round(limits.maxMemoryBytes / 2 ** 20);
    return new ScriptoriumError(
      'EXTRACTION_OUT_OF_MEMORY',
      `Reading took more than ${megabytes} MB of memory.`,
    );
  }
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return crashed(`${signal ?? `exit code ${code}`} ${last}`.trim());
}

/** What a machine without room says when it is asked for a process; null for any other error. */
function notStarted(error: unknown): ScriptoriumError | null {
  const said = types.isNativeError(error) && 'code' in error ? error.code : null;
  const code = said === 'EAGAIN' || said === 'ENOMEM' ? 'NO_PROCESS' : diskCodeOf(error);
  const message = `No process could be started to read books: ${said}.`;
  return code && new ScriptoriumError(code, message, { cause: error });
}

function crashed(how: string): ScriptoriumError {
  return new ScriptoriumError('EXTRACTION_CRASHED', `The process that reads books ended: ${how}.`);
}

function timedOut(request: SandboxRequest, timeoutMs: number): ScriptoriumError {
  const what = request.kind === 'open' ? `open "${request.path}"` : request.kind;
  return new ScriptoriumError(
    'EXTRACTION_TIMEOUT',
    `The request to ${what} took longer than ${timeoutMs} ms.`,
  );
}
