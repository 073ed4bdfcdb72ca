import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcServiceError,
  isRetryableError,
  TimeoutFailure,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { errorRegistry, isErrorCode, ScriptoriumError, toScriptoriumError } from '../activities/errors.ts';

/** What went wrong in a workflow, as an error of the registry. */
export function fromWorkflow(error: unknown): ScriptoriumError {
  const cause = error instanceof WorkflowFailedError ? rootOf(error.cause) : error;
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type))
    return new ScriptoriumError(cause.type, withoutRemedy(cause), { cause: error });
  if (cause instanceof TimeoutFailure) {
    // The workflow's own, or that of a stage which some worker had begun.
    const isUntouched = error instanceof WorkflowFailedError && error.cause === cause;
    const message = isUntouched
      ? 'No worker took up the request in time'
      : 'A stage of it did not end in time';
    return new ScriptoriumError('STACK_UNREACHABLE', message, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError)
    return new ScriptoriumError('NO_RUN', `There is no run ${error.workflowId}`, { cause: error });
  const refusal = refusalOf(error);
  if (refusal) return refusal;
  if (isOutage(error))
    return new ScriptoriumError('STACK_UNREACHABLE', 'Temporal does not answer', { cause: error });
  return cause instanceof Error ? toScriptoriumError(cause) : toScriptoriumError(error);
}

/** gRPC's FAILED_PRECONDITION: no worker has asked for the run's tasks of late. */
const FAILED_PRECONDITION = 9;

/** Why a run does not tell where it stands. */
export function fromQuery(error: unknown, workflowId: string): ScriptoriumError {
  const code = grpcErrorOf(error)?.code;
  if (code === FAILED_PRECONDITION || code === DEADLINE_EXCEEDED) return noWorkerFor(workflowId, error);
  return fromWorkflow(error);
}

export function noWorkerFor(workflowId: string, cause?: unknown): ScriptoriumError {
  const message = `No worker tells where ${workflowId} stands`;
  return new ScriptoriumError('STACK_UNREACHABLE', message, { cause });
}

interface GrpcError extends Error {
  readonly code: number;
  readonly details: string;
}

/** The SDK keeps it in a cause. */
function grpcErrorOf(error: unknown): GrpcError | null {
  if (isGrpcServiceError(error)) return error;
  return error instanceof Error && error.cause !== undefined ? grpcErrorOf(error.cause) : null;
}

/** What became of an update that was not done: no run is there to take it, or its validator says why not. */
export function fromUpdate(error: unknown, workflowId: string): ScriptoriumError {
  const refusal = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  const type = refusal instanceof ApplicationFailure ? refusal.type : null;
  if (error instanceof WorkflowNotFoundError || type === ENDED_MEANWHILE)
    return new ScriptoriumError('NO_RUN', `${workflowId} is not going on`, { cause: error });
  if (refusal instanceof ApplicationFailure) {
    const code = isErrorCode(type) ? type : 'INVALID_ARGUMENT';
    return new ScriptoriumError(code, withoutRemedy(refusal), { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    const message = `No worker took up the change of ${workflowId} in time`;
    return new ScriptoriumError('STACK_UNREACHABLE', message, { cause: error });
  }
  return fromWorkflow(error);
}

/** Temporal's own type of failure: the update was taken up, and then the run ended before it was done. */
const ENDED_MEANWHILE = 'AcceptedUpdateCompletedWorkflow';

export function isCancelled(error: unknown): boolean {
  return error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
}

/** gRPC's UNIMPLEMENTED, PERMISSION_DENIED, UNAUTHENTICATED: another service, or a key that does not do. */
const REFUSALS = new Set([12, 7, 16]);

/** What Temporal refuses whoever asks, as a failure of the settings. Null for anything else. */
export function refusalOf(error: unknown): ScriptoriumError | null {
  const refused = grpcErrorOf(error);
  if (!refused || !REFUSALS.has(refused.code)) return null;
  const message = `Temporal refuses: ${refused.details}. Look at TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_API_KEY`;
  return new ScriptoriumError('INVALID_CONFIG', message, { cause: refused });
}

/** gRPC's DEADLINE_EXCEEDED. */
const DEADLINE_EXCEEDED = 4;

/** Temporal does not answer now, and may later: the same call is worth repeating. */
export function isOutage(error: unknown): boolean {
  if (error instanceof ScriptoriumError) return error.code === 'STACK_UNREACHABLE';
  if (isGrpcServiceError(error)) return isRetryableError(error) || error.code === DEADLINE_EXCEEDED;
  return error instanceof Error && error.cause !== undefined && isOutage(error.cause);
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
