/** Work without workers looks like work that is slow. */
import { setTimeout } from 'node:timers/promises';
import type { QueueName } from '../../workflows/contract.ts';
import type { ScriptoriumClient } from '../index.ts';

const LOOK_EVERY_MS = 10_000;

interface Watched {
  /** Queues that the work needs. Default: those of ingestion. */
  readonly queues?: readonly QueueName[];
  note(line: string): void;
}

/** Says which queues nobody serves, each time that this changes, until the work is over. */
async function tellOfMissingWorkers(
  client: Pick<ScriptoriumClient, 'queuesWithoutWorkers'>,
  { queues: needed, note }: Watched,
  over: AbortSignal,
): Promise<void> {
  let told = '';
  for (;;) {
    await setTimeout(LOOK_EVERY_MS, undefined, { signal: over, ref: false }).catch(() => {});
    if (over.aborted) return;
    // Where Temporal does not answer, the wait for the result says so.
    const missing = await client.queuesWithoutWorkers().catch(() => null);
    if (missing === null || over.aborted) continue;
    const queues = missing
      .map(({ queue }) => queue)
      .filter((queue) => needed?.includes(queue) ?? true)
      .join(',');
    if (queues !== told) note(queues ? waitingText(queues) : 'Workers are there; it goes on.');
    told = queues;
  }
}

/** What `work` gives; meanwhile it is said where nobody does it. */
export async function tellingOfMissingWorkers<T>(
  client: Pick<ScriptoriumClient, 'queuesWithoutWorkers'>,
  watched: Watched,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  void tellOfMissingWorkers(client, watched, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
  }
}

function waitingText(queues: string): string {
  return (
    `No worker serves ${queues.replaceAll(',', ', ')}; the work waits for one. ` +
    `Start it with \`scriptorium worker --queues ${queues}\`, or everything on this machine with \`scriptorium up\`.`
  );
}
