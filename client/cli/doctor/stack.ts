/** What runs: Temporal, the workers of each queue, the store behind them, and whose clock is right. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { toScriptoriumError } from '../../../activities/errors.ts';
import { type ListBooksInput, taskQueues, workflowTypes } from '../../../workflows/contract.ts';
import type { BookPage } from '../../../workflows/result-contract.ts';
import { connectTemporal, existingCluster } from '../../connection.ts';
import { fromWorkflow } from '../../failures.ts';
import { queuesWithoutWorkers } from '../../pollers.ts';
import { askStack } from '../../stack-state.ts';
import { liveStack } from '../local-stack.ts';
import { type Check, ok, skipped, wrong } from './check.ts';

/** Two clocks that are further apart make leases and timings wrong. */
const MOST_SKEW_MS = 5_000;
/** A question that no worker takes up in this time is not answered today. */
const READ_TIMEOUT = '30 seconds';

export async function stackChecks(): Promise<readonly Check[]> {
  return [...(await temporalChecks()), ...(await httpChecks())];
}

/** Of the local stack; elsewhere `serve` is its operators'. */
async function httpChecks(): Promise<readonly Check[]> {
  if (existingCluster()) return [];
  try {
    const live = await liveStack();
    const status = live && (await askStack(live.state));
    const part = status?.parts.find(({ name }) => name === 'http');
    if (!part) return [skipped('http', 'the stack is not up, or serves none')];
    const detail = `${part.detail}${part.address ? `, at ${part.address}` : ''}`;
    return [part.healthy ? ok('http', detail) : wrong('http', detail, 'Read the end of logs/http.log.')];
  } catch (error) {
    return [failed('http', error)];
  }
}

async function temporalChecks(): Promise<readonly Check[]> {
  let client: Client;
  try {
    client = await connectTemporal();
  } catch (error) {
    const { message, remedy } = toScriptoriumError(error);
    const others = ['workers', 'store', 'clock'].map((name) => skipped(name, 'needs Temporal'));
    return [wrong('temporal', message, remedy), ...others];
  }
  try {
    return await connectedChecks(client);
  } finally {
    await client.connection.close();
  }
}

async function connectedChecks(client: Client): Promise<readonly Check[]> {
  const { namespace } = client.options;
  const address = existingCluster()?.address;
  const temporal = ok('temporal', `answers${address ? ` at ${address}` : ''}, namespace ${namespace}`);
  const workers = await workersCheck(client);
  if (workers.state === 'ok') return [temporal, workers, ...(await storeAndClock(client))];
  return [temporal, workers, skipped('store', 'needs the workers'), skipped('clock', 'needs the workers')];
}

async function workersCheck(client: Client): Promise<Check> {
  try {
    const without = (await queuesWithoutWorkers(client, 'all')).map(({ queue }) => queue);
    if (without.length === 0) return ok('workers', 'every queue has one');
    const remedy = `Start one: \`scriptorium up\` here, or \`scriptorium worker --queues ${without.join(',')}\` anywhere.`;
    return wrong('workers', `none for ${without.join(', ')}`, remedy);
  } catch (error) {
    return failed('workers', error);
  }
}

/** A worker reads the catalog, which lies in the store; and Temporal says when that began, by its own clock. */
async function storeAndClock(client: Client): Promise<readonly Check[]> {
  const began = Date.now();
  try {
    const reading = await client.workflow.start<(input: ListBooksInput) => Promise<BookPage>>(
      workflowTypes.listBooks,
      {
        ...{ taskQueue: taskQueues.query, workflowId: `${workflowTypes.listBooks}/${randomUUID()}` },
        ...{ args: [{ limit: 1 }], workflowExecutionTimeout: READ_TIMEOUT },
      },
    );
    const { books } = await reading.result();
    const { startTime } = await reading.describe();
    const detail = `a worker reads the catalog${books.length > 0 ? '' : ', which has no books yet'}`;
    return [ok('store', detail), clockVerdict(startTime.getTime() - began)];
  } catch (error) {
    return [failed('store', fromWorkflow(error)), skipped('clock', 'needs the store')];
  }
}

/** @param aheadMs of the clock of Temporal; that of the machine ran on for the time of one call */
export function clockVerdict(aheadMs: number): Check {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  if (Math.abs(aheadMs) <= MOST_SKEW_MS) return ok('clock', 'agrees with the one of Temporal');
  const detail = `${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} the one of Temporal`;
  return wrong('clock', detail, 'Set the clocks of both machines by the same time server (NTP).');
}

function failed(name: string, error: unknown): Check {
  const { code, message, remedy } = toScriptoriumError(error);
  return wrong(name, `${code}: ${message}`, remedy);
}
