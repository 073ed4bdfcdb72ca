/** What Temporal is working on right now. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ingestBookId, ingestLibraryId, workflowTypes } from '../workflows/contract.ts';
import { ScriptoriumError } from './errors.ts';

export interface RunningWorkflows {
  isRunning(workflowId: string): Promise<boolean>;
  /** Ids of the running workflows of these types; one that started a moment ago may be missing. */
  idsOf(types: readonly string[]): Promise<readonly string[]>;
}

export function runningWorkflows(client: Client): RunningWorkflows {
  return {
    async isRunning(workflowId) {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING' || status.name === 'PAUSED';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    async idsOf(types) {
      const names = types.map((type) => `'${type}'`).join(', ');
      const query = `WorkflowType IN (${names}) AND ExecutionStatus = 'Running'`;
      const ids: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
      return ids;
    },
  };
}

/** True while the book is being ingested or removed. */
export function isBusy(running: RunningWorkflows, library: string, bookId: string): Promise<boolean> {
  return running.isRunning(ingestBookId(library, bookId));
}

/** @throws ScriptoriumError RUN_IN_PROGRESS while one of the libraries is being ingested */
export async function assertNoRun(
  running: RunningWorkflows,
  libraries: readonly string[],
  what: string,
): Promise<void> {
  for (const library of libraries) {
    if (await running.isRunning(ingestLibraryId(library))) throw inProgress(ingestLibraryId(library), what);
  }
}

/** @throws ScriptoriumError RUN_IN_PROGRESS while any book is being ingested, by a run or after its end */
export async function assertNothingIngested(running: RunningWorkflows, what: string): Promise<void> {
  const [id] = await running.idsOf([workflowTypes.ingestLibrary, workflowTypes.ingestBook]);
  if (id !== undefined) throw inProgress(id, what);
}

function inProgress(workflowId: string, what: string): ScriptoriumError {
  return new ScriptoriumError('RUN_IN_PROGRESS', `${workflowId} is at work, and ${what} needs it to be over`);
}
