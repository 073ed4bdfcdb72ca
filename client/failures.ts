import {
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  WorkflowFailedError,
} from '@temporalio/client';
import { errorRegistry, isErrorCode, ScriptoriumError, toScriptoriumError } from '../activities/errors.ts';

/** What went wrong in a workflow, as an error of the registry. */
export function fromWorkflow(error: unknown): ScriptoriumError {
  const cause = error instanceof WorkflowFailedError ? rootOf(error.cause) : error;
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type))
    return new ScriptoriumError(cause.type, withoutRemedy(cause), { cause: error });
  if (cause instanceof TimeoutFailure) {
    return new ScriptoriumError('STACK_UNREACHABLE', 'No worker took up the request in time', {
      cause: error,
    });
  }
  return cause instanceof Error ? toScriptoriumError(cause) : toScriptoriumError(error);
}

export function isCancelled(error: unknown): boolean {
  return error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
}

/** Activities fail inside of an ActivityFailure; the reason is its cause. */
function rootOf(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof TimeoutFailure) return error;
  return error instanceof Error && error.cause ? rootOf(error.cause) : error;
}

/** In a workflow's history a message carries its remedy; an error of the registry has it beside. */
function withoutRemedy({ message, type }: ApplicationFailure): string {
  const remedy = isErrorCode(type) ? errorRegistry[type].remedy : '';
  return message.endsWith(remedy) ? message.slice(0, -remedy.length).replace(/\.\s*$/, '') : message;
}
