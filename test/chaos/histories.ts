/** Histories of all workflows of a run replay on the built workflows. */
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { deafSinks } from '../../workers/telemetry/workflow-observer.ts';

/** Ids of the searches that `search-watch.ts` makes. */
export const SEARCH_PREFIX = 'chaos-search/';

export interface KeptHistory {
  readonly workflowId: string;
  readonly history: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
}

const codePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
let installed = false;

export async function fetchHistories(client: Client): Promise<KeptHistory[]> {
  const histories: KeptHistory[] = [];
  for await (const { workflowId, runId, status } of client.workflow.list()) {
    // A search that a kill left unanswered: its replay would go on with it.
    if (status.name !== 'COMPLETED' && workflowId.startsWith(SEARCH_PREFIX)) continue;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push({ workflowId, history });
  }
  return histories;
}

export async function replayFaults(histories: readonly KeptHistory[]): Promise<string[]> {
  if (!installed) Runtime.install({ logger: new DefaultLogger('ERROR') });
  installed = true;
  const faults = histories.length > 0 ? [] : ['there are no histories'];
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: { codePath }, sinks: deafSinks },
    histories,
  )) {
    if (error) faults.push(`the history of ${workflowId} does not replay: ${error.message}`);
  }
  return faults;
}
