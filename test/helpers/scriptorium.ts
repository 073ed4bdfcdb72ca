/** The built command, run as a person would run it, in a home of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { homeOf } from '../../client/home.ts';

const bin = fileURLToPath(new URL('../../bin/scriptorium.js', import.meta.url));
export const samples = fileURLToPath(new URL('../../samples/books', import.meta.url));

const status = z.object({ parts: z.array(z.object({ name: z.string(), address: z.string().nullish() })) });

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class TestHome implements AsyncDisposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.env = env;
  }

  /** A fresh SCRIPTORIUM_HOME; the cache of models and programs is the machine's. */
  static async create(env: NodeJS.ProcessEnv = {}): Promise<TestHome> {
    const folder = await mkdtemp(join(tmpdir(), 'scriptorium-'));
    return new TestHome(folder, {
      ...process.env,
      SCRIPTORIUM_CACHE: homeOf().cache,
      SCRIPTORIUM_HOME: join(folder, 'home'),
      ...env,
    });
  }

  get paths() {
    return homeOf(this.env);
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Outcome> {
    const child = this.start(...args);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
  }

  /** Runs a command with --json, and gives its document. Throws with what it said when it printed none. */
  async json(...args: string[]): Promise<{ code: number | null; result: unknown }> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    try {
      return { code, result: JSON.parse(stdout) };
    } catch {
      throw new Error(
        `scriptorium ${args.join(' ')} ended with ${code} and printed no JSON: ${stdout}${stderr}`,
      );
    }
  }

  /** Where a part of the running stack is, as `status` says it; throws when it has no address. */
  async addressOf(part: string): Promise<string> {
    const { parts } = status.parse((await this.json('status')).result);
    const address = parts.find(({ name }) => name === part)?.address;
    if (!address) throw new Error(`status lists no part ${part} with an address: ${JSON.stringify(parts)}`);
    return address;
  }

  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [bin, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Stops what still runs, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('down');
    await rm(this.folder, { recursive: true, force: true });
  }
}
