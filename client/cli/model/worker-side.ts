/** Only the code of the workers knows the model's files; it is asked in a process of its own. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { isErrorCode, ScriptoriumError } from '../../../activities/errors.ts';
import { siblingModule } from '../../../activities/sibling-module.ts';
import { type ModelReport, modelReport } from './report.ts';

/** @throws ScriptoriumError ASSET_UNAVAILABLE, INVALID_ARGUMENT, INVALID_CONFIG */
export async function askOfModel(...args: readonly string[]): Promise<Omit<ModelReport, 'error'>> {
  const entry = siblingModule(import.meta.url, '../../../workers/model-main');
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await text(child.stdout);
  if (said === '') throw new ScriptoriumError('INTERNAL', 'The code of the workers ended without a word');
  const { error, ...report } = modelReport.parse(JSON.parse(said));
  if (error) throw new ScriptoriumError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message);
  return report;
}
