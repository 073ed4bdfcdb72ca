/** PyTorch in a process of its own, which embeds when it is told to. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ready = z.object({
  device: z.string(),
  torch: z.string(),
  batch: z.number(),
  first: z.array(z.number()),
});
const answer = z.object({ seconds: z.number() });

export interface TorchOptions {
  readonly python: string;
  readonly weightsPath: string;
  /** int32 ids, `tokens` a text. */
  readonly idsPath: string;
  readonly tokens: number;
  readonly device: 'cuda' | 'cpu';
}

export class TorchProcess implements AsyncDisposable {
  readonly about: z.infer<typeof ready>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    child: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterator<string>,
    about: z.infer<typeof ready>,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.about = about;
  }

  static async start(options: TorchOptions): Promise<TorchProcess> {
    const script = fileURLToPath(new URL('./torch-model.py', import.meta.url));
    const { python, weightsPath, idsPath, tokens, device } = options;
    const child = spawn(python, [script, weightsPath, idsPath, String(tokens), device], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // Without one of its own, the missing program would end this process before it is told.
    child.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new TorchProcess(child, lines, ready.parse(await nextLine(lines, python)));
  }

  /** Embeds all texts; seconds. */
  async run(): Promise<number> {
    this.#child.stdin.write('run\n');
    return answer.parse(await nextLine(this.#lines, 'torch')).seconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await ended;
  }
}

async function nextLine(lines: AsyncIterator<string>, python: string): Promise<unknown> {
  const { value, done } = await lines.next();
  if (!done) return JSON.parse(value);
  throw new Error(
    `${python} ended without an answer; SCRIPTORIUM_BENCH_PYTHON names one with torch and numpy`,
  );
}
