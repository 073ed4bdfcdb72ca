/** What a supervisor that was killed leaves behind. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

const END_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 100;

/**
 * Ends the process when it is the one we mean: after a reboot its number may belong to someone else, so its command
 * line must contain `mark`. Resolves when it is gone.
 */
export async function endOrphan(pid: number, mark: string): Promise<boolean> {
  if (!(await commandLineOf(pid)).includes(mark)) return false;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + END_TIMEOUT_MS;
  while ((await commandLineOf(pid)).includes(mark)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
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
