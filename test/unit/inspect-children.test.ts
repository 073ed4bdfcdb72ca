/** A look at many silent books: several at once, so that a slow server leaves time for all of them, and no more than that. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import {
  Client,
  Connection,
  type WorkflowClientInterceptor,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { createRunActivities } from '../../activities/run.ts';
import '../helpers/any-realm.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { resultOf } from '../helpers/run-activity.ts';
import { limits, pipeline, sandboxLimits } from '../helpers/scanned-library.ts';

/** A server that takes 50 ms to say that it knows no such workflow. */
class SlowServer {
  #asking = 0;
  mostAtOnce = 0;

  client(): Client {
    const describe: WorkflowClientInterceptor['describe'] = async ({ workflowExecution }) => {
      this.#asking += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#asking);
      await sleep(50);
      this.#asking -= 1;
      throw new WorkflowNotFoundError('unknown', workflowExecution.workflowId ?? '', undefined);
    };
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    return new Client({ connection, interceptors: { workflow: [{ describe }] } });
  }
}

test('a waiting book that is cancelled ends the workflow that an older run left at work on it, and not its own', async () => {
  const cancelled: string[] = [];
  const cancel: WorkflowClientInterceptor['cancel'] = async ({ workflowExecution }) => {
    const { workflowId } = workflowExecution;
    cancelled.push(workflowId ?? '');
    if (workflowId?.endsWith('unknown')) throw new WorkflowNotFoundError('unknown', workflowId, undefined);
    return {};
  };
  // What has ended by the first look, test/workflow/inspect.test.ts has what goes on for longer.
  const describe: WorkflowClientInterceptor['describe'] = async ({ workflowExecution: { workflowId } }) => {
    throw new WorkflowNotFoundError('ended', workflowId ?? '', undefined);
  };
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const client = new Client({ connection, interceptors: { workflow: [{ cancel, describe }] } });
  const catalog = new MemoryCatalog();
  const ports = { catalog, store: new MemoryVectorStore(), pipeline, sandboxLimits, limits, client };
  const { recordOutcome } = createRunActivities(ports);
  for (const bookId of ['known', 'unknown']) {
    const outcome = { outcome: 'cancelled' } as const;
    await resultOf(recordOutcome, { library: 'l', bookId, path: `/${bookId}`, bytes: 1, outcome });
    expect((await catalog.get([bookId])).get(bookId)?.state).toBe('cancelled');
  }
  expect(cancelled).toEqual(['ingest/l/known', 'ingest/l/unknown']);
});

test('500 books are looked at twenty at once: one after the other they would take 25 seconds', async () => {
  const server = new SlowServer();
  const ports = {
    catalog: new MemoryCatalog(),
    store: new MemoryVectorStore(),
    pipeline,
    sandboxLimits,
    limits,
  };
  const books = Array.from({ length: 500 }, (_, n) => ({ bookId: `b${n}`, path: `/books/${n}.pdf` }));
  const { inspectChildren } = createRunActivities({ ...ports, client: server.client() });
  const reports = await resultOf(inspectChildren, { library: 'default', books, cancelling: true });
  expect(server.mostAtOnce).toBe(20);
  const named = reports.map(({ bookId }) => bookId);
  expect(named.sort()).toEqual(books.map(({ bookId }) => bookId).sort());
}, 15_000);
