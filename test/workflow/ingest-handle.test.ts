/** What a client does with a run, against a real Temporal server and a run without books. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { ScriptoriumClient } from '../../client/index.ts';
import { lookAtRuns, runsNow } from '../../client/run-service.ts';
import { type IngestLibraryInput, ingestLibraryId, taskQueues } from '../../workflows/contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { startTemporal } from '../helpers/temporal.ts';

let env: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundleWithSourceMap;
let client: ScriptoriumClient;
let worker: Worker;
let running: Promise<void>;
let libraries = 0;
let library = '';

beforeAll(async () => {
  const workflowsPath = new URL('./fake-run.ts', import.meta.url).pathname;
  [env, workflowBundle] = await Promise.all([
    startTemporal(),
    bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
  ]);
  client = await ScriptoriumClient.connect({ address: env.address, namespace: env.namespace ?? 'default' });
}, 120_000);
afterAll(async () => {
  await client?.close();
  await env?.teardown();
});

beforeEach(async () => {
  library = `library-${++libraries}`;
  worker = await Worker.create({
    ...{ connection: env.nativeConnection, taskQueue: taskQueues.main, workflowBundle },
  });
  running = worker.run();
});
afterEach(async () => {
  worker.shutdown();
  await running;
});

const tell = async (what: 'next' | 'end'): Promise<void> =>
  await env.client.workflow.getHandle(ingestLibraryId(library)).signal('tell', what);

const stepOf = async (): Promise<string> =>
  (await env.client.workflow.getHandle(ingestLibraryId(library)).describe()).runId;

async function nextStep(): Promise<void> {
  const before = await stepOf();
  await tell('next');
  await eventually(async () => (await stepOf()) !== before);
}

describe('a run is steered', () => {
  test('by each update, and answers where it stands', async () => {
    const run = await client.ingest(['/books'], { library, parallel: 4 });
    expect(await run.pause()).toEqual({ state: 'paused', parallel: 4, books: 0 });
    expect((await run.progress()).state).toBe('paused');
    expect(await run.resume()).toEqual({ state: 'ingesting', parallel: 4, books: 0 });
    expect(await run.setParallel(20)).toMatchObject({ parallel: 20 });
    expect(await run.cancelBooks(['/books/a.pdf', '/books/b.pdf'])).toMatchObject({ books: 2 });
    expect(await run.moveToFront(['/books/a.pdf'])).toMatchObject({ books: 1 });
    expect(await run.retryFailed()).toMatchObject({ books: 1 });
    expect(await run.retryFailed({ all: true })).toMatchObject({ books: 3 });
    await tell('end');
    await run.result();
  }, 60_000);

  test('with what the workflow refuses as an error that says why', async () => {
    const run = await client.ingest(['/books'], { library });
    await expect(run.setParallel(13)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('unlucky'),
    });
    await expect(run.setParallel(0)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('parallel'),
    });
    await expect(run.cancelBooks([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await tell('end');
  }, 60_000);

  test('only while it goes on', async () => {
    await expect(client.run(library).pause()).rejects.toMatchObject({ code: 'NO_RUN' });
    const run = await client.ingest(['/books'], { library });
    await tell('end');
    await run.result();
    await expect(run.pause()).rejects.toMatchObject({ code: 'NO_RUN' });
    await expect(client.run(library).resume()).rejects.toMatchObject({ code: 'NO_RUN' });
  }, 60_000);
});

describe('a handle', () => {
  test('follows its run over its steps', async () => {
    const run = await client.ingest(['/books'], { library, parallel: 4 });
    await run.setParallel(7);
    await nextStep();
    await nextStep();
    expect((await run.progress()).parallel).toBe(7);
    expect(await run.setParallel(8)).toMatchObject({ parallel: 8 });
    expect(await (await client.ingest(['/books'], { library })).pause()).toMatchObject({ parallel: 8 });
    await tell('end');
    expect((await run.result()).chunks).toBe(8);
  }, 60_000);

  test('never follows over to a later run', async () => {
    const first = await client.ingest(['/books'], { library, parallel: 4 });
    await nextStep();
    await tell('end');
    await first.result();
    const second = await client.ingest(['/books'], { library, parallel: 9 });
    expect((await first.progress()).parallel).toBe(4);
    expect((await first.result()).chunks).toBe(4);
    await expect(first.setParallel(2)).rejects.toMatchObject({ code: 'NO_RUN' });
    await expect(first.cancel()).rejects.toMatchObject({ code: 'NO_RUN' });
    expect((await client.run(library).progress()).parallel).toBe(9);
    await tell('end');
    expect((await second.result()).chunks).toBe(9);
  }, 60_000);
});

test('a run of which no worker tells anything is not taken for one that is over', async () => {
  const other = `unserved-${library}`;
  const run = await env.client.workflow.start('ingestLibrary', {
    ...{ workflowId: ingestLibraryId(other), taskQueue: 'nobody', args: [{ library: other }] },
  });
  const { runs, unanswered } = await eventually(async () => {
    const seen = await lookAtRuns(client);
    return seen.unanswered.length > 0 ? seen : null;
  });
  expect([...runs.keys()]).not.toContain(run.workflowId);
  expect(unanswered).toEqual([run.workflowId]);
  await expect(runsNow(client)).rejects.toMatchObject({
    ...{ code: 'STACK_UNREACHABLE', message: expect.stringContaining(run.workflowId) },
  });
  await run.terminate();
  await eventually(async () => (await lookAtRuns(client)).unanswered.length === 0);
}, 60_000);

describe('a second ingestion', () => {
  test('joins a run that does the same, and is refused by one that does something else', async () => {
    const before = Date.now();
    const run = await client.ingest(['/books', '/more'], { library });
    expect(run.joinedFrom).toBeNull();
    const after = Date.now();
    await nextStep();
    const joined = await client.ingest(['/more', '/books'], { library, parallel: 50 });
    expect(joined.workflowId).toBe(run.workflowId);
    // Where it began, not its latest step.
    const joinedFrom = joined.joinedFrom?.getTime() ?? 0;
    expect(joinedFrom).toBeGreaterThanOrEqual(before);
    expect(joinedFrom).toBeLessThanOrEqual(after);
    const refused = { code: 'RUN_IN_PROGRESS' };
    await expect(client.ingest(['/books'], { library })).rejects.toMatchObject(refused);
    await expect(client.ingest(['/books', '/more'], { library, prune: true })).rejects.toMatchObject(refused);
    await expect(client.retry({ library })).rejects.toMatchObject(refused);
    await tell('end');
    await joined.result();
  }, 60_000);

  test('of failed books takes what to retry instead of paths', async () => {
    await client.retry({ library, all: true });
    const { events } = await env.client.workflow.getHandle(ingestLibraryId(library)).fetchHistory();
    const [payload] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const input: IngestLibraryInput = JSON.parse(Buffer.from(payload?.data ?? []).toString());
    expect(input).toEqual({ library, parallel: 5, retry: 'all' });
    await expect(client.retry({ library })).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
    await (await client.retry({ library, all: true })).pause();
    await tell('end');
  }, 60_000);
});

describe('queues that no worker polls', () => {
  const missing = async (): Promise<string[]> =>
    (await client.queuesWithoutWorkers()).map(({ queue }) => queue).sort();

  test('are told of until there is a worker', async () => {
    // The worker of this test takes workflows only.
    expect(await missing()).toEqual(['documents', 'embed', 'main']);
    const activities = { nothing: async () => {} };
    const queues = [taskQueues.main, taskQueues.documents];
    const workers = await Promise.all(
      queues.map((taskQueue) => Worker.create({ connection: env.nativeConnection, taskQueue, activities })),
    );
    const runs = workers.map((each) => each.run());
    await eventually(async () => (await missing()).join() === 'embed');
    for (const each of workers) each.shutdown();
    await Promise.all(runs);
  }, 60_000);
});
