/** Searches while a run goes on: whatever is killed meanwhile, a search returns only chunks of committed revisions. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { taskQueues, workflowTypes } from '../../workflows/contract.ts';
import { chunkIds } from './checks.ts';
import { SEARCH_PREFIX } from './histories.ts';
import type { StoredRecord } from './stored.ts';

export interface SearchWatchPorts {
  withTemporal<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** The catalog as it is now, read past the product. */
  readRecords(): Promise<readonly StoredRecord[]>;
}

const PAUSE_MS = 500;
const searched = z.object({ hits: z.array(z.object({ chunkId: z.string(), path: z.string() })) });
const questions = [
  'the keeper of the lantern',
  'a ledger of the tides',
  'keeper42 lantern10',
  'a row of hives',
];

/** Resolves, when `over`, to what was found that must not be found, and to how many searches were answered. */
export async function watchSearches(
  ports: SearchWatchPorts,
  over: AbortSignal,
): Promise<{ readonly faults: readonly string[]; readonly answered: number }> {
  const faults: string[] = [];
  let answered = 0;
  while (!over.aborted) {
    const query = questions[answered % questions.length] ?? '';
    // Parts are killed under it: a search that gets no answer proves nothing.
    const found = await searchOnce(ports, query, over).catch((error: unknown) =>
      error instanceof z.ZodError ? [`a search gave something else: ${error.message}`] : null,
    );
    if (found) answered += 1;
    faults.push(...(found ?? []));
    await setTimeout(PAUSE_MS, undefined, { signal: over }).catch(() => {});
  }
  return { faults: [...new Set(faults)], answered };
}

async function searchOnce(ports: SearchWatchPorts, query: string, over: AbortSignal): Promise<string[]> {
  const before = await ports.readRecords();
  const { hits } = await ports.withTemporal(async (client) => {
    const { searchLibrary } = workflowTypes;
    const handle = await client.workflow.start(searchLibrary, {
      ...{ taskQueue: taskQueues.query, workflowId: `${SEARCH_PREFIX}${randomUUID()}` },
      ...{ args: [{ query, topK: 50 }], workflowExecutionTimeout: '60s' },
    });
    const ended = new Promise<never>((_, reject) => over.addEventListener('abort', reject, { once: true }));
    return searched.parse(await Promise.race([handle.result(), ended]));
  });
  const after = await ports.readRecords();
  const committed = new Set([...before, ...after].flatMap(chunkIds));
  return hits
    .filter(({ chunkId }) => !committed.has(chunkId))
    .map(
      ({ chunkId, path }) =>
        `during the run a search found ${chunkId} of ${path}, of a revision that was not committed`,
    );
}
