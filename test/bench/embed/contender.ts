/** Another embedder in a process of its own: it loads once, then embeds a list of texts as often as it is told to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Settings {
  /** Texts of one call; null: the engine's own default. */
  readonly batch: number | null;
  /** Threads of its session; null: its default. */
  readonly threads: number | null;
}

export class Contender implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  /** @param input what the program reads as the first line of its standard input, as JSON */
  static async start(command: readonly string[], input: object): Promise<Contender> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(`${JSON.stringify(input)}\n`);
    const contender = new Contender(child, lines);
    await contender.#said('ready');
    return contender;
  }

  /** Embeds all texts once. */
  async run(): Promise<void> {
    this.#child.stdin?.write('run\n');
    await this.#said('done');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }

  /** Other lines are the program's own talk. */
  async #said(word: string): Promise<void> {
    for (let next = await this.#lines.next(); !next.done; next = await this.#lines.next())
      if (next.value === word) return;
    throw new Error(`${this.#child.spawnargs.join(' ')} ended before it said ${word}`);
  }
}
