import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';

/** Whether a workflow goes on; one that Temporal does not know does not. */
export async function isRunning(handle: WorkflowHandle): Promise<boolean> {
  try {
    const { status } = await handle.describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
