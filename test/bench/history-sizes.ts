/** How large the histories of a run have grown, and what passes through them. */
import type { Client } from '@temporalio/client';

export interface HistorySizes {
  readonly workflows: number;
  /** Of all workflows: the events of the longest history, and the type that it is of. */
  readonly largestEvents: number;
  readonly largestType: string;
  /** Of every step of a run, and of a sample of its children. */
  readonly largestPayloadBytes: number;
  readonly inspected: number;
}

/** Children whose payloads are looked at; they are all of one kind. */
const CHILDREN_INSPECTED = 100;

export async function historySizes(client: Client, parentType: string): Promise<HistorySizes> {
  const all = await Array.fromAsync(client.workflow.list({ pageSize: 1_000 }));
  const longest = all.reduce((most, one) => (one.historyLength > most.historyLength ? one : most));
  const parents = all.filter(({ type }) => type === parentType);
  const children = all.filter(({ type }) => type !== parentType);
  const every = Math.max(1, Math.floor(children.length / CHILDREN_INSPECTED));
  const inspected = [longest, ...parents, ...children.filter((_, index) => index % every === 0)];
  let largestPayloadBytes = 0;
  for (const { workflowId, runId } of inspected) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    largestPayloadBytes = Math.max(largestPayloadBytes, largestPayload(history));
  }
  return {
    ...{ workflows: all.length, largestEvents: longest.historyLength, largestType: longest.type },
    ...{ largestPayloadBytes, inspected: inspected.length },
  };
}

/** Of anything that has payloads in it: the bytes of the largest. */
export function largestPayload(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  const own =
    'metadata' in value && 'data' in value && value.data instanceof Uint8Array ? value.data.byteLength : 0;
  return Object.values(value).reduce((most: number, part) => Math.max(most, largestPayload(part)), own);
}

/** Children that a run started in the step with this run id. */
export async function childrenStarted(client: Client, workflowId: string, runId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return (events ?? []).filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes).length;
}
