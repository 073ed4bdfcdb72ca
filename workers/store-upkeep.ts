/** Sees to it that the store is looked after while it grows, and after: by a workflow, so that it is done however often workers end. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Logger } from 'pino';
import { toScriptoriumError } from '../activities/errors.ts';
import type { VectorStore } from '../activities/ports/vector-store.ts';
import { taskQueues } from '../workflows/contract.ts';
import { MAINTAIN_ID, upkeepWorkflows } from '../workflows/upkeep-contract.ts';

export interface StoreUpkeep {
  readonly client: Client;
  readonly store: Pick<VectorStore, 'needsUpkeep'>;
  readonly logger: Pick<Logger, 'debug' | 'warn'>;
}

/** A question may meet what was written in this time without an index: some hundreds of passages on a CPU. */
const CHECK_EVERY_MS = 20_000;

/** Checks from now on, until the function that it gives is called. */
export function watchStore(upkeep: StoreUpkeep, everyMs = CHECK_EVERY_MS): () => void {
  let checking = false;
  const check = async (): Promise<void> => {
    if (checking) return;
    checking = true;
    await ensureUpkeep(upkeep);
    checking = false;
  };
  const timer = setInterval(() => void check(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Starts the workflow if there is something to do and it is not at work. Never rejects: the next check tries again. */
export async function ensureUpkeep({ client, store, logger }: StoreUpkeep): Promise<void> {
  try {
    if (!(await store.needsUpkeep())) return;
    await client.workflow.start(upkeepWorkflows.maintainStore, {
      taskQueue: taskQueues.main,
      workflowId: MAINTAIN_ID,
      args: [{}],
    });
    logger.debug('the store is being looked after');
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    logger.warn({ reason: toScriptoriumError(error).message }, 'the store could not be looked after');
  }
}
