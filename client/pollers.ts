/** Which queues have no worker: what goes to them waits without a word. */
import type { Client } from '@temporalio/client';
import { type QueueName, taskQueues } from '../workflows/contract.ts';
import { fromWorkflow } from './failures.ts';

export interface QueueWithoutWorkers {
  /** As `scriptorium worker --queues` takes it. */
  readonly queue: QueueName;
  /** As Temporal has it. */
  readonly taskQueue: string;
}

/** Of Temporal's TaskQueueType. */
const WORKFLOW = 1;
const ACTIVITY = 2;

interface Needed {
  readonly queue: QueueName;
  readonly taskQueueType: 1 | 2;
}

/** Kinds of tasks that a run needs someone to take up. */
const ofIngestion: readonly Needed[] = [
  { queue: 'main', taskQueueType: WORKFLOW },
  { queue: 'main', taskQueueType: ACTIVITY },
  { queue: 'documents', taskQueueType: ACTIVITY },
  { queue: 'embed', taskQueueType: ACTIVITY },
];

/** A worker asks anew each minute; Temporal lists one for five minutes after it was last seen. */
const POLL_AGE_MS = 75_000;

const ofAll: readonly Needed[] = [...ofIngestion, { queue: 'query', taskQueueType: WORKFLOW }];

/**
 * @param wanted the queues of ingestion, or those of questions as well
 * @throws ScriptoriumError STACK_UNREACHABLE
 */
export async function queuesWithoutWorkers(
  client: Client,
  wanted: 'ingestion' | 'all' = 'ingestion',
): Promise<QueueWithoutWorkers[]> {
  const needed = wanted === 'all' ? ofAll : ofIngestion;
  const found = await Promise.all(
    needed.map(async ({ queue, taskQueueType }) => ({
      queue,
      isPolled: await isPolled(client, taskQueues[queue], taskQueueType),
    })),
  ).catch((error: unknown) => {
    throw fromWorkflow(error);
  });
  const queues = new Set(found.filter(({ isPolled }) => !isPolled).map(({ queue }) => queue));
  return [...queues].map((queue) => ({ queue, taskQueue: taskQueues[queue] }));
}

async function isPolled(client: Client, name: string, taskQueueType: 1 | 2): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType,
  });
  const since = Date.now() - POLL_AGE_MS;
  return pollers.some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since);
}
