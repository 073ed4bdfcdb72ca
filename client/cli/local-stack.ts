/** Starting, finding and stopping the stack of this machine, as processes of their own. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrorCode, ScriptoriumError } from '../../activities/errors.ts';
import { siblingModule } from '../../activities/sibling-module.ts';
import { existingCluster } from '../connection.ts';
import { homeOf } from '../home.ts';
import { isAlive } from '../is-alive.ts';
import { endOrphan } from '../orphans.ts';
import { askAlive, readStackState, type StackState, type StackStatus, stopStack } from '../stack-state.ts';
import { directOnLoopback, workerFlags } from '../worker-flags.ts';
import { printable, say } from './output.ts';

const LOOK_EVERY_MS = 150;
/** The first start fetches 250 MB, on any line. */
const START_TIMEOUT_MS = 45 * 60_000;
/** Workers may use their grace time, ten minutes at most, to finish a batch. */
const STOP_TIMEOUT_MS = 11 * 60_000;
const EXIT_TIMEOUT_MS = 5_000;

export interface LiveStack {
  readonly state: StackState;
  readonly status: StackStatus;
}

/** The stack that is up, whatever its phase; null when none answers. */
export async function liveStack(): Promise<LiveStack | null> {
  const state = await readStackState(homeOf().stackFile);
  const status = state && (await askAlive(state));
  return state && status ? { state, status } : null;
}

/** For commands that need the stack: an existing cluster is left to its operators, the local stack is started. */
export async function ensureStack(): Promise<void> {
  if (existingCluster()) return;
  if ((await liveStack())?.status.phase === 'ready') return;
  const { wasUp } = await readyStack();
  if (!wasUp) say('The stack was started in the background; `scriptorium down` stops it.');
}

/**
 * The stack once it is ready: one that is starting is waited for, and one that stops is let go before another is started.
 * `wasUp` where another command has started it.
 * @throws ScriptoriumError STACK_UNREACHABLE, and what the supervisor failed with
 */
export async function readyStack(): Promise<{ readonly state: StackState; readonly wasUp: boolean }> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let told: StackStatus['phase'] | null = null;
  for (let live = await liveStack(); live; live = await liveStack()) {
    const { phase } = live.status;
    if (phase === 'ready') return { state: live.state, wasUp: true };
    if (phase !== told) say(`the stack (process ${live.state.pid}) is ${phase}; waiting`);
    told = phase;
    if (Date.now() > deadline)
      throw new ScriptoriumError('STACK_UNREACHABLE', 'The stack does not get ready');
    await pause();
  }
  return { state: await startInBackground(), wasUp: false };
}

/** Runs the supervisor in the foreground; resolves to its exit code. */
export function runInForeground(): Promise<number> {
  const child = spawn(process.execPath, [...workerFlags, supervisorEntry()], {
    stdio: 'inherit',
    env: directOnLoopback(process.env),
  });
  // A terminal sends Ctrl-C to the supervisor as well, and `kill` to us alone: to hear of it twice does it no harm.
  const forward = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Starts the supervisor detached, shows what it says, and resolves when the stack is ready.
 * @throws ScriptoriumError STACK_UNREACHABLE with the supervisor's last words
 */
async function startInBackground(): Promise<StackState> {
  const { logs } = homeOf();
  mkdirSync(logs, { recursive: true });
  const logPath = join(logs, 'supervisor.log');
  const from = await stat(logPath)
    .then((s) => s.size)
    .catch(() => 0);
  const log = openSync(logPath, 'a');
  const child = spawn(process.execPath, [...workerFlags, supervisorEntry()], {
    detached: true,
    stdio: ['ignore', log, log],
    env: directOnLoopback(process.env),
  });
  closeSync(log);
  child.unref();
  let ended = false;
  child.once('exit', () => (ended = true)).once('error', () => (ended = true));
  return await waitUntilReady(new LogTail(logPath, from), () => ended);
}

/** Stops the stack; false when none was up. */
export async function stopLocalStack(): Promise<boolean> {
  const live = await liveStack();
  if (!live) return await endLeftovers();
  if (!(await stopStack(live.state))) return false;
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while ((await readStackState(homeOf().stackFile))?.pid === live.state.pid) {
    // Killed meanwhile, by someone without patience.
    if (!isAlive(live.state.pid)) {
      await endLeftovers();
      return true;
    }
    if (Date.now() > deadline)
      throw new ScriptoriumError('STACK_UNREACHABLE', `The stack (process ${live.state.pid}) does not stop`);
    await pause();
  }
  await processGone(live.state.pid);
  return true;
}

/** What a supervisor that was killed has left: its workers end by themselves, and Temporal's server does not. */
async function endLeftovers(): Promise<boolean> {
  const { stackFile, temporalDb } = homeOf();
  const state = await readStackState(stackFile);
  if (!state?.temporalPid || !(await endOrphan(state.temporalPid, temporalDb))) return false;
  // A stack that has started meanwhile has a file of its own.
  if ((await readStackState(stackFile))?.pid === state.pid) await rm(stackFile, { force: true });
  return true;
}

/** The supervisor's last act is to remove its file; a moment later its process is gone, too. */
async function processGone(pid: number): Promise<void> {
  const deadline = Date.now() + EXIT_TIMEOUT_MS;
  while (isAlive(pid) && Date.now() < deadline) await pause();
}

async function waitUntilReady(tail: LogTail, ended: () => boolean): Promise<StackState> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const over = ended();
    await tail.relay();
    const live = await liveStack();
    if (live?.status.phase === 'ready') return live.state;
    if (over && !live) throw startFailure(tail.lastLine);
    if (Date.now() > deadline)
      throw new ScriptoriumError('STACK_UNREACHABLE', 'The stack does not get ready');
    await pause();
  }
}

/** The supervisor's last line is its error, with code and remedy. */
function startFailure(lastLine: string): ScriptoriumError {
  const [, code, said = ''] = /^scriptorium: ([A-Z_]+): (.*)$/.exec(lastLine) ?? [];
  if (!isErrorCode(code))
    return new ScriptoriumError('STACK_UNREACHABLE', `The stack could not be started: ${lastLine}`);
  return new ScriptoriumError(code, said);
}

/** Shows what is added to a log file. */
class LogTail {
  readonly #path: string;
  #position: number;
  lastLine = '(it said nothing)';

  constructor(path: string, position: number) {
    this.#path = path;
    this.#position = position;
  }

  async relay(): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.alloc(64 * 1024),
        position: this.#position,
      });
      this.#position += bytesRead;
      for (const line of buffer.toString('utf8', 0, bytesRead).split('\n').filter(Boolean)) {
        this.lastLine = line;
        say(printable(line));
      }
    } finally {
      await file.close();
    }
  }
}

function supervisorEntry(): string {
  return siblingModule(import.meta.url, '../../workers/supervisor/main');
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
