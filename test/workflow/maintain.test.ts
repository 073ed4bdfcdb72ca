/** The upkeep of the store as a workflow on a real server: started when it pays, once, and done. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createMaintainActivities } from '../../activities/maintain.ts';
import { ensureUpkeep } from '../../workers/store-upkeep.ts';
import { taskQueues } from '../../workflows/contract.ts';
import { MAINTAIN_ID } from '../../workflows/upkeep-contract.ts';
import '../helpers/any-realm.ts';
import { MemoryVectorStore } from '../helpers/memory-stores.ts';
import { bundleWorkflows, startTemporal } from '../helpers/temporal.ts';

let env: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  env = await startTemporal();
  workflowBundle = await bundleWorkflows();
}, 120_000);
afterAll(async () => await env?.teardown());

class TendedStore extends MemoryVectorStore {
  wants = true;
  rounds = 0;
  /** Resolved by the test when the store may be done. */
  readonly gate = Promise.withResolvers<void>();

  override async needsUpkeep(): Promise<boolean> {
    return this.wants;
  }

  override async maintain() {
    this.rounds += 1;
    await this.gate.promise;
    this.wants = false;
    return { done: ['built an index'], more: false };
  }
}

const warnings: unknown[] = [];
const logger = { debug: () => {}, warn: (...said: unknown[]) => void warnings.push(said) };

describe('the upkeep of the store', () => {
  test('is started when there is something to do, once however often that is seen, and ends done', async () => {
    const store = new TendedStore();
    const worker = await Worker.create({
      ...{ connection: env.nativeConnection, workflowBundle, taskQueue: taskQueues.main },
      activities: createMaintainActivities({ store, limits: { maxOutageMs: 60_000 } }),
    });
    const result = await worker.runUntil(async () => {
      const upkeep = { client: env.client, store, logger };
      await ensureUpkeep(upkeep);
      await ensureUpkeep(upkeep);
      store.gate.resolve();
      return await env.client.workflow.getHandle(MAINTAIN_ID).result();
    });
    expect(result).toEqual({ done: ['built an index'] });
    expect(store.rounds).toBe(1);
    expect(warnings).toEqual([]);
  }, 60_000);

  test('is not started when there is nothing to do', async () => {
    const store = new TendedStore();
    store.wants = false;
    const before = await env.client.workflow.getHandle(MAINTAIN_ID).describe();
    await ensureUpkeep({ client: env.client, store, logger });
    expect((await env.client.workflow.getHandle(MAINTAIN_ID).describe()).runId).toBe(before.runId);
  });

  test('that can’t be started is told of, and harms nobody', async () => {
    const store = { needsUpkeep: async () => Promise.reject(new Error('out of order')) };
    await ensureUpkeep({ client: env.client, store, logger });
    expect(JSON.stringify(warnings)).toContain('out of order');
  });
});
