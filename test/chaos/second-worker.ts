/** A worker beside that of the stack, on the same home, that takes over what the other one leaves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readStackState } from '../../client/stack-state.ts';
import type { TestHome } from '../helpers/scriptorium.ts';

const bin = fileURLToPath(new URL('../../bin/scriptorium.js', import.meta.url));

/** Without the failpoint. Ends with the scope, and gives its steps back before. */
export async function startSecondWorker({ env, paths }: TestHome): Promise<AsyncDisposable> {
  const state = await readStackState(paths.stackFile);
  if (!state?.temporalAddress) throw new Error('a second worker needs a stack that is up');
  const { CHAOS_FAILPOINT: _, NODE_OPTIONS: __, ...rest } = env;
  const log = openSync(join(paths.logs, 'second-worker.log'), 'a');
  const child = spawn(process.execPath, [bin, 'worker'], {
    env: { ...rest, TEMPORAL_ADDRESS: state.temporalAddress, TEMPORAL_NAMESPACE: state.namespace },
    stdio: ['ignore', log, log],
  });
  const ended = once(child, 'exit');
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
