/** What a run makes of books that stay silent: each is looked at in Temporal, and settled truthfully. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ScriptoriumError } from '../../activities/errors.ts';
import { createRunActivities, type InspectInput } from '../../activities/run.ts';
import { type BookReport, ingestBookId, taskQueues, workflowTypes } from '../../workflows/contract.ts';
import { bookPoints, record } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { eventually } from '../helpers/eventually.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { limits, pipeline, sandboxLimits } from '../helpers/scanned-library.ts';
import { startTemporal } from '../helpers/temporal.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await startTemporal();
}, 120_000);
afterAll(async () => await env?.teardown());

const catalog = new MemoryCatalog();
const bookOf = (bookId: string) => ({ bookId, path: `/books/${bookId}.pdf` });

/** No worker serves the queue: it stays as it was started. */
async function start(
  bookId: string,
  type: string = workflowTypes.ingestBook,
  limit: { readonly workflowExecutionTimeout?: '1s' } = {},
) {
  const workflowId = ingestBookId('default', bookId);
  return await env.client.workflow.start(type, {
    taskQueue: `${taskQueues.main}-nobody`,
    workflowId,
    args: [],
    ...limit,
  });
}

async function look(bookId: string, more: Partial<InspectInput> = {}): Promise<BookReport | undefined> {
  const store = new MemoryVectorStore();
  const ports = { catalog, store, pipeline, sandboxLimits, limits, client: env.client };
  const input = { library: 'default', books: [bookOf(bookId)], ...more };
  return (await resultOf(createRunActivities(ports).inspectChildren, input))[0];
}

/** The same, as if so much time had passed. */
async function lookLater(bookId: string, ms: number): Promise<BookReport | undefined> {
  const now = Date.now.bind(Date);
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  try {
    return await look(bookId);
  } finally {
    clock.mockRestore();
  }
}

describe('a book that stays silent', () => {
  test('is left alone while its workflow is open, whatever that is', async () => {
    await start('at-work');
    await start('being-removed', 'removeBook');
    expect(await look('at-work')).toBeUndefined();
    expect(await look('being-removed')).toBeUndefined();
  });

  test('is lost when it was terminated, but not before its last activity has heard of that', async () => {
    await (await start('terminated')).terminate();
    expect(await look('terminated')).toBeUndefined();
    expect(catalog.books.has('terminated')).toBe(false);
    expect(await lookLater('terminated', 25_000)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'CHILD_LOST', message: expect.stringContaining('ended as terminated') },
    });
    expect(catalog.books.get('terminated')).toMatchObject({ state: 'failed' });
  });

  test('is lost when it was never started, unless the run is being cancelled', async () => {
    expect(await look('never', { cancelling: true })).toEqual({ bookId: 'never', outcome: 'cancelled' });
    expect(await look('never')).toMatchObject({ outcome: 'failed', failure: { code: 'CHILD_LOST' } });
  });

  test('is lost when its time was over', async () => {
    await start('timed-out', workflowTypes.ingestBook, { workflowExecutionTimeout: '1s' });
    await eventually(async () => (await lookLater('timed-out', 25_000)) !== undefined);
    expect(await lookLater('timed-out', 25_000)).toMatchObject({
      failure: { code: 'CHILD_LOST', message: expect.stringContaining('ended as timed out') },
    });
  }, 30_000);

  test('is told of as lost where that can not be recorded, but not while the store is only out of service', async () => {
    await (await start('unrecorded')).terminate();
    const put = jest.spyOn(catalog, 'put');
    try {
      put.mockRejectedValue(new ScriptoriumError('STORE_UNREACHABLE', 'gone'));
      expect(await lookLater('unrecorded', 25_000)).toBeUndefined();
      put.mockRejectedValue(new ScriptoriumError('STORE_REJECTED', 'no'));
      expect(await lookLater('unrecorded', 25_000)).toMatchObject({ failure: { code: 'CHILD_LOST' } });
    } finally {
      put.mockRestore();
    }
  });

  test('is cancelled when what ended under its id was no ingestion', async () => {
    await (await start('removed', 'removeBook')).terminate();
    expect(await look('removed')).toEqual({ bookId: 'removed', outcome: 'cancelled', removed: true });
  });
});

test('a waiting book that is cancelled is recorded, and its points dropped, only when the workflow that an older run left at work on it has ended', async () => {
  const old = await start('half-committed');
  const store = new MemoryVectorStore();
  const ports = {
    catalog,
    store,
    pipeline,
    sandboxLimits,
    limits,
    client: env.client,
  };
  const outcome = { outcome: 'cancelled' } as const;
  const input = { ...bookOf('half-committed'), library: 'default', bytes: 1, outcome };
  const recording = resultOf(createRunActivities(ports).recordOutcome, input);
  await eventually(async () => (await old.describe()).raw.workflowExtendedInfo?.cancelRequested === true);
  await sleep(500);
  expect(catalog.books.has('half-committed')).toBe(false);
  // Its last act can't be interrupted.
  await store.upsert(bookPoints('half-committed', 'r2', 3));
  await catalog.put(record('half-committed', { bookId: 'half-committed', revision: 'r2' }));
  await old.terminate();
  await recording;
  expect(catalog.books.get('half-committed')).toMatchObject({ state: 'cancelled', revision: 'r2' });
  expect(await store.count('half-committed', 'r2')).toBe(3);
});
