import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TestProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when it has ended, to the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

/** A Node process that runs the code, says `ready` when it wants to, and is ended with the scope at the latest. */
export async function startProcess(code: string, args: readonly string[] = []): Promise<TestProcess> {
  const child = spawnNode(code, args);
  const ended = once(child, 'exit').then(() => child.signalCode);
  await once(child.stdout, 'data');
  const { pid } = child;
  if (pid === undefined) throw new Error('the process has no number');
  return {
    ...{ child, pid, ended },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A process that runs until it is ended; it says `ready` first. */
export function spawnNode(code: string, args: readonly string[] = [], options: SpawnOptions = {}) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const flags = ['--input-type=module', '--eval', code, '--', ...args];
  return spawn(process.execPath, flags, { ...options, env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Code of a process that waits to be ended. */
export const IDLE = `setInterval(() => {}, 1e6); console.log('ready');`;
/** Code of a process that does not mind SIGTERM. */
export const STUBBORN = `process.on('SIGTERM', () => console.log('no')); ${IDLE}`;
