/** What only the code of the workers knows: settings, files, the model that writes. It is asked in a process of its own. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { siblingModule } from '../../../activities/sibling-module.ts';
import { type Check, checks, wrong } from './check.ts';

export async function workerSideChecks(): Promise<readonly Check[]> {
  const entry = siblingModule(import.meta.url, '../../../workers/doctor-main');
  const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    return checks.parse(JSON.parse(await text(child.stdout)));
  } catch (error) {
    const detail = `the code of the workers does not run: ${String(error)}`;
    return [wrong('settings', detail, 'Install the package again, and report it if it stays.')];
  }
}
