/**
 * A run has one workflow id a library, so that there is never a second one. Under any other id (a person's choice, or
 * a schedule's, which adds the time) `ingestLibrary` is a front: it starts the run and waits for it.
 */
import { ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  executeChild,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { type IngestLibraryInput, type IngestLibraryResult, ingestLibraryId } from './contract.ts';

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
    return await executeChild<(input: IngestLibraryInput) => Promise<IngestLibraryResult>>('ingestLibrary', {
      args: [input],
      workflowId,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `library ${input.library}`,
    });
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
