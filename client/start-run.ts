/** Starting a run, or joining the one that does the same. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { z } from 'zod';
import { ScriptoriumError } from '../activities/errors.ts';
import {
  type IngestLibraryInput,
  ingestLibraryId,
  type ingestLibraryInput,
  taskQueues,
  workflowTypes,
} from '../workflows/contract.ts';
import { fromWorkflow } from './failures.ts';
import { IngestHandle } from './ingest-handle.ts';

type RunInput = z.output<typeof ingestLibraryInput>;

/** @throws ScriptoriumError RUN_IN_PROGRESS, STACK_UNREACHABLE */
export async function startOrJoin(client: Client, input: RunInput): Promise<IngestHandle> {
  const workflowId = ingestLibraryId(input.library);
  try {
    const { firstExecutionRunId } = await client.workflow.start(workflowTypes.ingestLibrary, {
      taskQueue: taskQueues.main,
      workflowId,
      args: [argsOf(input)],
      memo: { paths: fingerprintOf(input) },
      staticSummary: summaryOf(input),
    });
    return new IngestHandle(client, workflowId, { firstRunId: firstExecutionRunId });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw fromWorkflow(error);
    const joined = await join(client, workflowId, input).catch((failed: unknown) => {
      throw fromWorkflow(failed);
    });
    // It ended in this moment: what it found is older than what was asked for.
    return joined ?? (await startOrJoin(client, input));
  }
}

/** Null: it is over by now. */
async function join(client: Client, workflowId: string, input: RunInput): Promise<IngestHandle | null> {
  const { memo, runId, raw, closeTime, startTime } = await client.workflow.getHandle(workflowId).describe();
  if (closeTime) return null;
  if (raw.workflowExtendedInfo?.cancelRequested) {
    await endedSoon(client, { workflowId, runId });
    return null;
  }
  if (memo?.paths === fingerprintOf(input)) {
    const firstRunId = raw.workflowExecutionInfo?.firstRunId || runId;
    // The first step of a long run may have left Temporal's retention.
    const joinedFrom = await startOf(client, workflowId, firstRunId).catch(() => startTime);
    return new IngestHandle(client, workflowId, { firstRunId, joinedFrom });
  }
  const other = memo?.paths
    ? 'from other paths or in another way'
    : 'which a schedule, a job or the temporal command started';
  throw new ScriptoriumError(
    'RUN_IN_PROGRESS',
    `Library ${input.library} is being ingested by ${workflowId}, ${other}`,
  );
}

/** Longest wait for a run that is being cancelled: its books end at the next checkpoint, unless a part is out of service. */
const ENDING_MS = 60_000;
const LOOK_EVERY_MS = 250;

/** @throws ScriptoriumError RUN_IN_PROGRESS: what joined it would be cancelled with it */
async function endedSoon(
  client: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): Promise<void> {
  const handle = client.workflow.getHandle(workflowId, runId);
  for (const until = performance.now() + ENDING_MS; performance.now() < until; await delay(LOOK_EVERY_MS))
    if ((await handle.describe()).closeTime) return;
  throw new ScriptoriumError(
    'RUN_IN_PROGRESS',
    `${workflowId} is being cancelled, and some of its books have not ended yet`,
  );
}

async function startOf(client: Client, workflowId: string, runId: string): Promise<Date> {
  return (await client.workflow.getHandle(workflowId, runId).describe()).startTime;
}

/** Only what was asked for: a history shows no fields that say nothing. */
export function argsOf({ library, parallel, paths, retry, prune, force }: RunInput): IngestLibraryInput {
  return {
    library,
    parallel,
    ...(paths && { paths }),
    ...(retry && { retry }),
    ...(prune && { prune }),
    ...(force && { force }),
  };
}

/** The same for two inputs that ask for the same work, however many books at once. */
export function fingerprintOf({ paths = [], retry, prune, force }: RunInput): string {
  const sorted = [...paths].sort();
  // A plain ingestion has the fingerprint that version 0.1 gave it, so that its runs can be joined.
  const work = retry || prune || force ? { paths: sorted, retry, prune, force } : sorted;
  return createHash('sha256').update(JSON.stringify(work)).digest('hex');
}

function summaryOf({ library, retry, prune }: RunInput): string {
  if (retry) return `library ${library}, ${retry === 'all' ? 'every failed book' : 'failed books'} again`;
  return `library ${library}${prune ? ', removing books whose file is gone' : ''}`;
}
