import type { SandboxLimits } from '../../../ports/documents.ts';
import { SandboxProcess } from './sandbox-process.ts';
import type { LentProcess } from './sandboxed-document.ts';

export interface PoolOptions {
  /** Most processes at once. */
  readonly processes: number;
  readonly limits: SandboxLimits;
  /** A process that has served so many leases is replaced: engines leak a little. */
  readonly maxLeases: number;
  /** A process with more resident memory than this, in bytes, is replaced after its lease. */
  readonly softMemoryBytes: number;
  /** The last process is ended after so many milliseconds without work; another one after `SPARE_IDLE_MS`. */
  readonly idleMs: number;
  /** True while other work has the cores: another process would only take them from it. */
  readonly coresAreBusy: () => boolean;
  /** One more is started when borrowers waited so long in all while cores were free, in milliseconds. Default 8 s. */
  readonly waitForAnotherMs?: number;
}

/** A process costs half a second of a core to start and 100 MB to keep. */
const WAIT_FOR_ANOTHER_MS = 8_000;
const COUNT_WAITS_EVERY_MS = 50;
/** A process that has not answered yet is at its start for no longer than this. */
const START_MS = 2_000;
const SPARE_IDLE_MS = 2_000;

interface Member {
  readonly process: SandboxProcess;
  readonly startedAtMs: number;
  leases: number;
  idleTimer: NodeJS.Timeout | null;
}

interface Waiter {
  give(): void;
  refuse(error: unknown): void;
}

/**
 * Lends processes, each to one borrower at a time; borrowers are served in order. Has as many as the work keeps busy: where
 * embedding is what takes the time, one reads for all books.
 */
export class ProcessPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #idle: Member[] = [];
  readonly #lent = new Set<Member>();
  readonly #ending = new Set<Promise<void>>();
  readonly #waiters: Waiter[] = [];
  /** Processes lent, and places promised to borrowers that were just woken. */
  #places = 0;
  #closed = false;
  /** While somebody waits. */
  #waitTimer: NodeJS.Timeout | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Waits for a free process, or for the place of one that is replaced by a fresh one. `signal` ends the wait, and afterwards
   * kills the process while it is lent.
   */
  async acquire(signal?: AbortSignal, { fresh = false }: { readonly fresh?: boolean } = {}): Promise<Lease> {
    this.#refuse(signal);
    await this.#place(signal);
    try {
      this.#refuse(signal);
      const member = fresh ? this.#replaced() : this.#take();
      this.#lent.add(member);
      member.leases++;
      return new Lease(member, () => this.#release(member), signal);
    } catch (error) {
      this.#leavePlace();
      throw error;
    }
  }

  /** Kills all processes, lent ones too, and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#countNoWaits();
    const closed = new Error('The sandbox is closed.');
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(closed);
    for (const member of [...this.#idle.splice(0), ...this.#lent]) this.#end(member, closed);
    await Promise.all(this.#ending);
  }

  #refuse(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closed) throw new Error('The sandbox is closed.');
  }

  /** Takes one of the places, or waits until one is left to it. */
  async #place(signal: AbortSignal | undefined): Promise<void> {
    if (this.#places >= Math.max(1, this.#processes)) await this.#wait(signal);
    else this.#places++;
  }

  get #processes(): number {
    return this.#idle.length + this.#lent.size;
  }

  /** A place that is left goes to the one who waits longest. */
  #leavePlace(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#places--;
    else next.give();
  }

  /** Until nobody waits any more, or there are as many processes as may be. */
  #countWaits(): void {
    if (this.#waitTimer !== null) return;
    const { coresAreBusy, waitForAnotherMs = WAIT_FOR_ANOTHER_MS } = this.#options;
    let waitedMs = 0;
    this.#waitTimer = setInterval(() => {
      if (this.#isStarting) return;
      waitedMs = coresAreBusy() ? 0 : waitedMs + this.#waiters.length * COUNT_WAITS_EVERY_MS;
      if (this.#waiters.length === 0 || this.#places >= this.#options.processes) this.#countNoWaits();
      else if (waitedMs >= waitForAnotherMs) {
        waitedMs = 0;
        this.#places++;
        this.#waiters.shift()?.give();
      }
    }, COUNT_WAITS_EVERY_MS);
  }

  /** Who waits for a process that starts would wait as long for another one. */
  get #isStarting(): boolean {
    const now = Date.now();
    return [...this.#lent].some(
      ({ process, startedAtMs }) => process.rssBytes === 0 && now - startedAtMs < START_MS,
    );
  }

  #countNoWaits(): void {
    if (this.#waitTimer !== null) clearInterval(this.#waitTimer);
    this.#waitTimer = null;
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { give: resolve, refuse: reject };
    const leave = () => {
      const at = this.#waiters.indexOf(waiter);
      if (at < 0) return;
      this.#waiters.splice(at, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    this.#waiters.push(waiter);
    this.#countWaits();
    return promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  #take(): Member {
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      if (member.idleTimer !== null) clearTimeout(member.idleTimer);
      if (member.process.alive) return member;
    }
    return this.#started();
  }

  /** A fresh one in the place of one that is idle. */
  #replaced(): Member {
    const old = this.#idle.pop();
    if (old) this.#end(old, new Error('The process was replaced.'));
    return this.#started();
  }

  #started(): Member {
    const process = new SandboxProcess(this.#options.limits);
    return { process, startedAtMs: Date.now(), leases: 0, idleTimer: null };
  }

  #release(member: Member): void {
    if (!this.#lent.delete(member) || this.#closed) return;
    if (this.#isFresh(member)) this.#rest(member);
    else this.#end(member, new Error('The process was replaced.'));
    this.#leavePlace();
  }

  #isFresh({ process, leases }: Member): boolean {
    const { maxLeases, softMemoryBytes } = this.#options;
    return process.alive && !process.busy && leases < maxLeases && process.rssBytes <= softMemoryBytes;
  }

  #rest(member: Member): void {
    this.#idle.push(member);
    this.#endWhenIdle(member);
  }

  #endWhenIdle(member: Member): void {
    const { idleMs } = this.#options;
    const spare = this.#processes > 1;
    member.idleTimer = setTimeout(
      () => {
        // It is the last by now: those beside it are gone.
        if (spare && this.#processes === 1) return this.#endWhenIdle(member);
        const at = this.#idle.indexOf(member);
        if (at < 0) return;
        this.#idle.splice(at, 1);
        this.#end(member, new Error('The process was idle.'));
      },
      spare ? Math.min(idleMs, SPARE_IDLE_MS) : idleMs,
    );
    member.idleTimer.unref();
  }

  #end(member: Member, reason: Error): void {
    if (member.idleTimer !== null) clearTimeout(member.idleTimer);
    member.process.kill(reason);
    const ended = member.process.ended();
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }
}

/** A process lent to one borrower until it is disposed. */
export class Lease implements LentProcess {
  readonly process: SandboxProcess;
  readonly isFresh: boolean;
  readonly #giveBack: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor({ process, leases }: Member, giveBack: () => void, signal: AbortSignal | undefined) {
    this.process = process;
    this.isFresh = leases === 1;
    this.#giveBack = giveBack;
    this.#signal = signal;
    this.#onAbort = () => process.kill(signal?.reason);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#giveBack();
  }
}
