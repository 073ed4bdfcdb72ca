/** A worker that is started again where it asks for that, or was killed. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { REPLACE_WORKER } from '../worker-flags.ts';
import { exitCodes, say } from './output.ts';

export interface KeptOptions {
  /** Aborted when somebody wants the worker to end. */
  readonly told: AbortSignal;
  /** Before one that was killed is started again, in milliseconds: a machine may be full. Default 5 s. */
  readonly restartMs?: number;
}

const RESTART_MS = 5_000;

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves to the exit code of the last one. */
export async function keptRunning(
  start: () => ChildProcess,
  { told, restartMs = RESTART_MS }: KeptOptions,
): Promise<number> {
  for (;;) {
    const end = await endOf(start());
    const code = end.code ?? exitCodes.failed;
    if (told.aborted || !wantsAnother(end)) return code;
    if (end.signal === null) say('the worker makes way for a fresh one; its last warning says why');
    else {
      say(
        'the worker was killed, by itself where it hung or by the kernel for memory; another one is started',
      );
      await delay(restartMs, undefined, { signal: told }).catch(() => {});
      if (told.aborted) return code;
    }
  }
}

/** One that hangs in native code can but kill itself: `workers/end-at-last.ts`. */
function wantsAnother({ code, signal }: ProcessEnd): boolean {
  return code === REPLACE_WORKER || signal === 'SIGKILL';
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
