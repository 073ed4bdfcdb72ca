/** The runs that are going on. */
import { ingestLibraryId } from '../../workflows/contract.ts';
import { ScriptoriumClient } from '../index.ts';
import type { IngestProgress } from '../ingest-handle.ts';

export interface Run extends IngestProgress {
  readonly workflowId: string;
}

export async function runsNow(): Promise<Run[]> {
  await using client = await ScriptoriumClient.connect();
  const runs: Run[] = [];
  for (const workflowId of await client.runningIds()) {
    const progress = await client
      .run(libraryOf(workflowId))
      .progress()
      .catch(() => null);
    if (progress) runs.push({ workflowId, ...progress });
  }
  return runs;
}

export function libraryOf(workflowId: string): string {
  return workflowId.slice(ingestLibraryId('').length);
}
