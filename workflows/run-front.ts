/**
 * A run has one workflow id a library, so that there is never a second one. Under any other id (a person's choice, or
 * a schedule's, which adds the time) `ingestLibrary` is a front: it starts the run and waits for it.
 */
import { ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { type IngestLibraryInput, type IngestLibraryResult, ingestLibraryId } from './contract.ts';

export type Ingestion = (input: IngestLibraryInput) => Promise<IngestLibraryResult>;

/**
 * What a run that was begun here ends with. Temporal cancels a child by the run id of its first step, which is closed once the
 * run has continued as new: so whichever step is open is asked as well.
 */
export async function endOf(run: ChildWorkflowHandle<Ingestion>): Promise<IngestLibraryResult> {
  if (!patched('runs-are-cancelled-in-any-step')) return await run.result();
  let isOver = false;
  CancellationScope.current().cancelRequested.catch(async () => {
    if (!isOver) await cancelNow(run.workflowId);
  });
  try {
    return await run.result();
  } finally {
    isOver = true;
  }
}

async function cancelNow(workflowId: string): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(workflowId).cancel());
  } catch (error) {
    log.warn('the run could not be cancelled', { workflowId, error: String(error) });
  }
}

/** Version 0.1 ran under whatever id it was given. */
export function isUnderAnotherId(library: string): boolean {
  return workflowInfo().workflowId !== ingestLibraryId(library) && patched('run-under-its-own-id');
}

/** @throws ApplicationFailure RUN_IN_PROGRESS, and what the run itself fails with */
export async function runUnderItsOwnId(
  input: IngestLibraryInput & { library: string },
): Promise<IngestLibraryResult> {
  const workflowId = ingestLibraryId(input.library);
  setCurrentDetails(`The run is \`${workflowId}\`: query, update and watch it there.`);
  try {
    return await endOf(
      await startChild<Ingestion>('ingestLibrary', {
        args: [input],
        workflowId,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `library ${input.library}`,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw ApplicationFailure.nonRetryable(
        `Library ${input.library} is being ingested by ${workflowId} already`,
        'RUN_IN_PROGRESS',
      );
    }
    throw error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure
      ? error.cause
      : error;
  }
}
