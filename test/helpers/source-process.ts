/** Runs code from source in a Node process of its own, where a test needs another user, a crash, or another realm. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

export interface ProcessOutcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL('../../', import.meta.url);

/**
 * Resolves when the process has ended. `code` is an ES module in TypeScript that imports from the root of the checkout,
 * `./activities/…`; its arguments begin at `process.argv[2]`.
 */
export async function runModule(
  code: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessOutcome> {
  await using folder = await tempFolder();
  const file = join(folder.path, 'main.mts');
  await writeFile(file, code.replaceAll("from './", `from '${ROOT}`));
  const { NODE_OPTIONS: _, ...rest } = env;
  const child = spawn(process.execPath, ['--no-warnings', file, ...args], {
    env: rest,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process that hangs must not outlive the tests.
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout: stdout(), stderr: stderr() }));
  });
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  const pieces: string[] = [];
  stream.on('data', (piece) => pieces.push(String(piece)));
  return () => pieces.join('');
}
