/** Runs as the ways in show and steer them. */
import { ScriptoriumError, toScriptoriumError } from '../activities/errors.ts';
import { ingestLibraryId } from '../workflows/contract.ts';
import type { Steered } from '../workflows/run-contract.ts';
import { noWorkerFor } from './failures.ts';
import type { Run, RunAction } from './http/service.ts';
import type { ScriptoriumClient } from './index.ts';
import type { IngestHandle, IngestProgress } from './ingest-handle.ts';

/** The runs that are going on, by workflow id in their order. */
export interface RunsInSight {
  readonly runs: ReadonlyMap<string, IngestProgress>;
  /** Those of which no worker tells anything. */
  readonly unanswered: readonly string[];
}

/** One that ends while it is asked is left out. */
export async function lookAt(handles: Iterable<IngestHandle>): Promise<RunsInSight> {
  const seen = await Promise.all(
    [...handles].map(async (run) => ({ id: run.workflowId, progress: await progressOf(run) })),
  );
  const runs = seen.flatMap(({ id, progress }) =>
    progress instanceof Error ? [] : [[id, progress] as const],
  );
  const failed = seen.filter(({ progress }) => progress instanceof Error && progress.code !== 'NO_RUN');
  return { runs: new Map(runs), unanswered: failed.map(({ id }) => id) };
}

async function progressOf(run: IngestHandle): Promise<IngestProgress | ScriptoriumError> {
  return await run.progress().catch((error: unknown) => toScriptoriumError(error));
}

/** @throws ScriptoriumError STACK_UNREACHABLE */
export async function lookAtRuns(client: ScriptoriumClient): Promise<RunsInSight> {
  const ids = (await client.runningIds()).sort();
  return await lookAt(ids.map((id) => client.run(libraryOfRun(id))));
}

/** @throws ScriptoriumError STACK_UNREACHABLE, also where one can't be asked: a list without it would say that it is over */
export async function runsNow(client: ScriptoriumClient): Promise<readonly Run[]> {
  const { runs, unanswered } = await lookAtRuns(client);
  const [silent] = unanswered;
  if (silent !== undefined) throw noWorkerFor(silent);
  return runsIn({ runs });
}

export function runsIn({ runs }: Pick<RunsInSight, 'runs'>): readonly Run[] {
  return [...runs].map(([workflowId, progress]) => ({ workflowId, ...progress }));
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
