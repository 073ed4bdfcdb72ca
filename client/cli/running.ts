/** The runs that are going on. */
import { ScriptoriumClient } from '../index.ts';
import { lookAtRuns, type RunsInSight } from '../run-service.ts';

export async function runsNow(): Promise<RunsInSight> {
  await using client = await ScriptoriumClient.connect();
  return await lookAtRuns(client);
}

export const noRuns: RunsInSight = { runs: new Map(), unanswered: [] };

/** A run that is there, and of which nothing is known. */
export function unansweredLine(workflowId: string): string {
  return `${workflowId}: no worker answers; it waits for one (\`scriptorium status\` shows the parts)`;
}
