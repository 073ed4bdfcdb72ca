/** Runs as the ways in show and steer them. */
import { ScriptoriumError } from '../activities/errors.ts';
import { ingestLibraryId } from '../workflows/contract.ts';
import type { Steered } from '../workflows/run-contract.ts';
import type { Run, RunAction } from './http/service.ts';
import type { ScriptoriumClient } from './index.ts';

/** Those that are going on; one that ends while it is asked is left out. */
export async function runsNow(client: ScriptoriumClient): Promise<readonly Run[]> {
  const ids = await client.runningIds();
  const runs = ids.map((id) => runOf(client, libraryOfRun(id)).catch(() => null));
  return (await Promise.all(runs)).filter((run) => run !== null);
}

/** The library of a run, by its workflow id. */
export function libraryOfRun(workflowId: string): string {
  return workflowId.slice(ingestLibraryId('').length);
}

/** @throws ScriptoriumError NO_RUN, STACK_UNREACHABLE */
export async function runOf(client: ScriptoriumClient, library: string): Promise<Run> {
  const handle = client.run(library);
  return { workflowId: handle.workflowId, ...(await handle.progress()) };
}

/** @throws ScriptoriumError NO_RUN, INVALID_ARGUMENT, STACK_UNREACHABLE */
export async function steerRun(
  client: ScriptoriumClient,
  library: string,
  change: RunAction,
): Promise<Steered> {
  const run = client.run(library);
  switch (change.action) {
    case 'pause':
      return await run.pause();
    case 'resume':
      return await run.resume();
    case 'parallel':
      return await run.setParallel(change.parallel);
    case 'cancel':
      return await run.cancelRun();
    case 'retry':
      return await retry(client, library, change.all);
  }
}

/** In the run that goes on; where none does, by a new one. */
async function retry(client: ScriptoriumClient, library: string, all: boolean): Promise<Steered> {
  try {
    return await client.run(library).retryFailed({ all });
  } catch (error) {
    if (!(error instanceof ScriptoriumError) || error.code !== 'NO_RUN') throw error;
    const { parallel } = await (await client.retry({ library, all })).progress();
    return { state: 'scanning', parallel, books: 0 };
  }
}
