/** What a supervisor that was killed leaves behind. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

const END_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 100;

/**
 * Ends the process when it is the one we mean: after a reboot its number may belong to someone else, so its command
 * line must contain `mark`. Resolves when it is gone; after `graceMs` it is killed.
 */
export async function endOrphan(pid: number, mark: string, graceMs = END_TIMEOUT_MS): Promise<boolean> {
  if (!(await commandLineOf(pid)).includes(mark)) return false;
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while ((await commandLineOf(pid)).includes(mark)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

/** A process that ended between our look and the signal is what we want. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Empty when there is no such process. */
async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux')
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  if (process.platform === 'win32') return '';
  return await exec('ps', ['-p', String(pid), '-o', 'command=']).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
