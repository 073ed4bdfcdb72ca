import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import lockfile from 'proper-lockfile';
import { z } from 'zod';

/** The version of the server that `@qdrant/js-client-rest` in package.json is made for. */
const QDRANT_CLIENT = 'qdrant-client==1.18.0';
const repository = resolve(import.meta.dirname, '../..');
const environment = join(repository, '.cache', 'qdrant-stand-in', QDRANT_CLIENT);
const script = join(import.meta.dirname, 'qdrant-stand-in.py');
const run = promisify(execFile);

export interface StandInOptions {
  /** Where points are kept over a restart; without it they live in memory. */
  readonly folder?: string;
  /** Port on loopback; 0 or undefined takes a free one. */
  readonly port?: number;
  /** Key that requests must carry. */
  readonly apiKey?: string;
}

export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the server and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts the stand-in and waits until it listens. The first time on a machine it installs `qdrant-client`. */
export async function startQdrantStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const python = await ensurePython();
  const child = spawn(python, [script, ...(options.folder === undefined ? [] : [options.folder])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...settings(options) },
  });
  const gone = once(child, 'exit');
  const port = await readyPort(child);
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await gone;
  };
  return { url: `http://127.0.0.1:${port}`, port, pid: child.pid ?? 0, stop, [Symbol.asyncDispose]: stop };
}

function settings({ port, apiKey }: StandInOptions): Record<string, string> {
  return {
    PYTHONWARNINGS: 'ignore',
    STAND_IN_PORT: String(port ?? 0),
    ...(apiKey === undefined ? {} : { STAND_IN_API_KEY: apiKey }),
  };
}

/** The port, or an error with what Python said when it ended before. */
async function readyPort(child: ChildProcess): Promise<number> {
  const complaints: string[] = [];
  child.stderr?.on('data', (data) => complaints.push(String(data)));
  if (child.stdout === null) throw new Error('The stand-in has no standard output.');
  for await (const line of createInterface({ input: child.stdout })) {
    return z.object({ port: z.number() }).parse(JSON.parse(line)).port;
  }
  throw new Error(`The stand-in for Qdrant did not start: ${complaints.join('')}`);
}

/** The interpreter of a virtual environment with `qdrant-client`; made once, by one process. */
async function ensurePython(): Promise<string> {
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const complete = join(environment, 'complete');
  if (existsSync(complete)) return python;
  await mkdir(environment, { recursive: true });
  const retries = { retries: 600, factor: 1, minTimeout: 500, maxTimeout: 500 };
  const release = await lockfile.lock(environment, {
    lockfilePath: `${environment}.lock`,
    stale: 15_000,
    retries,
  });
  try {
    if (!existsSync(complete)) await install(python, complete);
  } finally {
    await release();
  }
  return python;
}

async function install(python: string, complete: string): Promise<void> {
  await rm(environment, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', environment]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', QDRANT_CLIENT]);
  await writeFile(complete, '');
}
