/** What Temporal still remembers of a workflow: when it ran, and what each of its steps took. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { type RunProgress, runProgressQuery } from '../workflows/contract.ts';
import { query } from './query.ts';

interface Execution {
  readonly workflowId: string;
  readonly runId: string;
  /** Type of the workflow: `ingestBook`, or `removeBook`, which has the same id. */
  readonly type: string;
  /** As Temporal names it: RUNNING, COMPLETED, FAILED, … */
  readonly status: string;
  readonly startedAtMs: number;
  readonly seconds: number;
}

export interface Step {
  /** Name of the activity. */
  readonly step: string;
  readonly attempts: number;
  /** From when it was due to its end, with all attempts and waits between them. Null while it is going on. */
  readonly seconds: number | null;
  /** Of that, the last attempt. */
  readonly lastAttemptSeconds: number | null;
  readonly outcome: 'completed' | 'failed' | 'timed out' | 'cancelled' | 'pending';
  /** What the attempt before the last failed with; null when there was none. */
  readonly lastFailure: string | null;
}

export interface BookHistory extends Execution {
  /** In the order in which they were begun. */
  readonly steps: readonly Step[];
}

export interface RunHistory extends Execution {
  /** Null when no worker answers for it. */
  readonly progress: Pick<RunProgress, 'state' | 'parallel' | 'books' | 'chunks' | 'failures'> | null;
}

/** Null when Temporal has forgotten the workflow. */
export async function bookHistory(client: Client, workflowId: string): Promise<BookHistory | null> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const execution = executionOf(await handle.describe());
    const { events } = await client.workflow.getHandle(workflowId, execution.runId).fetchHistory();
    return { ...execution, steps: stepsOf(events ?? []) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Null when Temporal has forgotten the run. */
export async function runHistory(client: Client, workflowId: string): Promise<RunHistory | null> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const execution = executionOf(await handle.describe());
    const run = await query<RunProgress>(client, handle, runProgressQuery, []).catch(() => null);
    const progress = run && {
      ...{ state: run.state, parallel: run.parallel, books: run.books },
      ...{ chunks: run.chunks, failures: run.failures },
    };
    return { ...execution, progress };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function executionOf(found: WorkflowExecutionDescription): Execution {
  const { workflowId, runId, type, status, startTime, closeTime } = found;
  const startedAtMs = startTime.getTime();
  const seconds = ((closeTime?.getTime() ?? Date.now()) - startedAtMs) / 1_000;
  return { workflowId, runId, type, status: status.name, startedAtMs, seconds };
}

/** What we read of Temporal's own type of an event; its 64-bit numbers are objects. */
interface HistoryEvent {
  readonly eventId?: Whole;
  readonly eventTime?: { readonly seconds?: Whole; readonly nanos?: number | null } | null;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType?: { readonly name?: string | null } | null;
  } | null;
  readonly activityTaskStartedEventAttributes?:
    | (Later & {
        readonly attempt?: number | null;
        readonly lastFailure?: { readonly message?: string | null } | null;
      })
    | null;
  readonly activityTaskCompletedEventAttributes?: Later | null;
  readonly activityTaskFailedEventAttributes?: Later | null;
  readonly activityTaskTimedOutEventAttributes?: Later | null;
  readonly activityTaskCanceledEventAttributes?: Later | null;
}
type Whole = number | { toString(): string } | null;
interface Later {
  readonly scheduledEventId?: Whole;
}

interface OpenStep {
  readonly step: string;
  readonly dueMs: number;
  startedMs: number | null;
  endedMs: number | null;
  attempts: number;
  outcome: Step['outcome'];
  lastFailure: string | null;
}

/** An activity has three events in a history: scheduled, started (its last attempt), and its end. */
export function stepsOf(events: readonly HistoryEvent[]): Step[] {
  const steps = new Map<string, OpenStep>();
  for (const event of events) {
    const type = event.activityTaskScheduledEventAttributes?.activityType?.name;
    const dueMs = timeOf(event);
    if (type) steps.set(String(event.eventId), { step: type, dueMs, ...unstarted });
    else note(steps, event);
  }
  return [...steps.values()].map(closed);
}

const unstarted = {
  ...{ startedMs: null, endedMs: null, attempts: 0, lastFailure: null },
  ...{ outcome: 'pending' as const },
};

function note(steps: ReadonlyMap<string, OpenStep>, event: HistoryEvent): void {
  const started = event.activityTaskStartedEventAttributes;
  const begun = steps.get(String(started?.scheduledEventId));
  if (started && begun) {
    begun.startedMs = timeOf(event);
    begun.attempts = started.attempt ?? 1;
    begun.lastFailure = started.lastFailure?.message || null;
  }
  const [end, outcome] = endOf(event);
  const step = steps.get(String(end?.scheduledEventId));
  if (step && outcome) Object.assign(step, { endedMs: timeOf(event), outcome });
}

function endOf(event: HistoryEvent) {
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) return [completed, 'completed'] as const;
  const failed = event.activityTaskFailedEventAttributes;
  if (failed) return [failed, 'failed'] as const;
  const late = event.activityTaskTimedOutEventAttributes;
  if (late) return [late, 'timed out'] as const;
  const cancelled = event.activityTaskCanceledEventAttributes;
  return cancelled ? ([cancelled, 'cancelled'] as const) : ([null, null] as const);
}

function closed({ step, dueMs, startedMs, endedMs, attempts, outcome, lastFailure }: OpenStep): Step {
  const seconds = endedMs === null ? null : (endedMs - dueMs) / 1_000;
  const lastAttemptSeconds = endedMs === null || startedMs === null ? null : (endedMs - startedMs) / 1_000;
  return { step, attempts, seconds, lastAttemptSeconds, outcome, lastFailure };
}

/** Milliseconds since 1970. */
function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;
}
