import { ActivityFailure, ChildWorkflowFailure } from '@temporalio/workflow';

/** Activities and children fail inside of failures of their own; the one with the code is the cause. */
export function causeOf(error: unknown): unknown {
  const isAround = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return isAround ? causeOf(error.cause) : error;
}
