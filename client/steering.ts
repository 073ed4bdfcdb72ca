/** Changing a run while it goes on: the updates of the workflow, with its refusals as errors of the registry. */
import type { Client } from '@temporalio/client';
import type { RunUpdate, Steered } from '../workflows/run-contract.ts';
import { fromUpdate } from './failures.ts';
import type { RunChain } from './run-chain.ts';

/** A run without workers can't take an update; Temporal itself would wait for ever. */
const UPDATE_TIMEOUT_MS = 60_000;

/** @throws ScriptoriumError NO_RUN, RUN_NOT_READY, INVALID_ARGUMENT, STACK_UNREACHABLE */
export async function steer(
  client: Client,
  chain: RunChain,
  update: RunUpdate,
  input?: object,
): Promise<Steered> {
  const handle = await chain.handle();
  try {
    return await client.withDeadline(Date.now() + UPDATE_TIMEOUT_MS, () =>
      input
        ? handle.executeUpdate<Steered, [object]>(update, { args: [input] })
        : handle.executeUpdate<Steered, []>(update),
    );
  } catch (error) {
    throw fromUpdate(error, chain.workflowId);
  }
}
