/** A process that is started again, with growing pauses, whenever it ends by itself. */
import type { ChildProcess } from 'node:child_process';

export interface ManagedProcessOptions {
  readonly name: string;
  /** Starts the process. It must be in a process group of its own, so that Ctrl-C at the terminal reaches only us. */
  start(): ChildProcess;
  /** Hears of an end that nobody asked for. */
  onUnexpectedEnd(event: { readonly name: string; readonly how: string; readonly againInMs: number }): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that lived this long was well; its next end begins with the first pause again. */
const WELL_AFTER_MS = 60_000;

export class ManagedProcess {
  readonly #options: ManagedProcessOptions;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | null = null;
  #startedAtMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #restarts = 0;
  /** Why it was killed from here; null while nobody did. */
  #reason: string | null = null;
  #stopping = false;

  constructor(options: ManagedProcessOptions) {
    this.#options = options;
  }

  get child(): ChildProcess | null {
    return this.#child;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  start(): void {
    this.#startedAtMs = Date.now();
    const child = this.#options.start();
    this.#child = child;
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) =>
      this.#ended(child, signal ? `ended by ${signal}` : `ended with exit code ${code}`),
    );
  }

  /** Ends it at once; it is started again like one that ended by itself. */
  kill(reason: string): void {
    this.#reason = reason;
    this.#child?.kill('SIGKILL');
  }

  /** Asks it to end, and ends it after the grace time. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer) clearTimeout(this.#timer);
    const child = this.#child;
    if (!child) return;
    // A program that isn't there gives an error, and never an exit.
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve()).once('error', () => resolve());
    });
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(force);
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    const reason = this.#reason;
    this.#reason = null;
    this.#startLater(reason ?? how);
  }

  #startLater(how: string): void {
    if (this.#stopping) return;
    if (Date.now() - this.#startedAtMs > WELL_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#options.onUnexpectedEnd({ name: this.#options.name, how, againInMs: this.#pauseMs });
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      try {
        this.start();
      } catch (error) {
        // The system has no memory for another process just now.
        this.#startLater(`could not be started: ${String(error)}`);
      }
    }, this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }
}
