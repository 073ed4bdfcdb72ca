/** Stages of a question, whose time is bounded. */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/** A stage that takes longer than its share ends the question with a code and what to do about it. */
export async function inTime<T>(stage: string, running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    if (!(error instanceof ActivityFailure && error.cause instanceof TimeoutFailure)) throw error;
    throw ApplicationFailure.nonRetryable(
      `The stage ${stage} took longer than its share of the question's time`,
      'QUESTION_TIMEOUT',
    );
  }
}
