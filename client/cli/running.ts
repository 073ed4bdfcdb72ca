/** The runs that are going on. */
import type { Run } from '../http/service.ts';
import { ScriptoriumClient } from '../index.ts';
import * as runs from '../run-service.ts';

export type { Run } from '../http/service.ts';

export async function runsNow(): Promise<readonly Run[]> {
  await using client = await ScriptoriumClient.connect();
  return await runs.runsNow(client);
}
