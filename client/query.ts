import type { Client, WorkflowHandle } from '@temporalio/client';

const TIMEOUT_MS = 10_000;

/** What a workflow tells. Temporal waits for a worker that was there of late as long as it may: ten seconds, if nothing else is said. */
export async function query<T, Args extends unknown[] = []>(
  client: Client,
  handle: WorkflowHandle,
  name: string,
  args: Args,
  timeoutMs: number = TIMEOUT_MS,
): Promise<T> {
  return await client.withDeadline(Date.now() + timeoutMs, () => handle.query<T, Args>(name, ...args));
}
