import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Upkeep } from '../../ports/vector-store.ts';
import { siblingModule } from '../../sibling-module.ts';
import { type UpkeepOrder, type UpkeepReply, upkeepReply } from './upkeep-messages.ts';

/** End of what the process wrote to standard error, kept to tell why it died. */
const STDERR_CHARACTERS = 2_000;

/** Runs a round of upkeep in a process of its own; an abort kills it, which does no harm. */
export async function runUpkeep(order: UpkeepOrder, signal: AbortSignal): Promise<Upkeep> {
  signal.throwIfAborted();
  const child = forkChild(order);
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    const reply = await replyOf(child);
    if (reply.kind === 'failed') throw new Error(reply.message);
    return { done: reply.done, more: reply.more };
  } finally {
    signal.removeEventListener('abort', kill);
    signal.throwIfAborted();
  }
}

function forkChild(order: UpkeepOrder): ChildProcess {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / 2)));
  return fork(siblingModule(import.meta.url, 'upkeep-child'), [JSON.stringify(order)], {
    env: { ...process.env, LANCE_CPU_THREADS: threads, RAYON_NUM_THREADS: threads },
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function replyOf(child: ChildProcess): Promise<UpkeepReply> {
  return new Promise((resolve, reject) => {
    let complaints = '';
    child.stderr?.on('data', (data) => {
      complaints = (complaints + String(data)).slice(-STDERR_CHARACTERS);
    });
    let reply: UpkeepReply | undefined;
    child.once('message', (message) => {
      reply = upkeepReply.safeParse(message).data;
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (reply) resolve(reply);
      else reject(new Error(`the process of upkeep ended (${killedBy ?? code}) ${complaints}`.trim()));
    });
  });
}
