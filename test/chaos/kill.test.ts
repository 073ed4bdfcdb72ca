/** Kill -9 in the middle of a run: it completes by itself, nothing is done twice, nothing is lost. */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';
import { connectTemporal } from '../../client/connection.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { workflowTypes } from '../../workflows/contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { endProcess, workerPids } from '../helpers/stack-processes.ts';
import { fakeEmbedderEnv, faultsIn, killRun } from './kill-run.ts';

beforeAll(async () => void (await buildSamples()));

/** The sample books, and one that takes a while. */
async function library(home: TestHome): Promise<string> {
  const folder = join(home.folder, 'books');
  await cp(booksFolder, folder, { recursive: true });
  await writeLongBook(join(folder, 'long.txt'), 400);
  return folder;
}

describe.each(['workers', 'temporal'] as const)('a run whose %s are killed four times', (target) => {
  test('completes by itself, with every point once and no batch embedded twice', async () => {
    await using home = await TestHome.create();
    const folder = await library(home);
    const report = await killRun({ paths: [folder], target, kills: 4, everySeconds: 6, seed: 7 });
    expect(report.books).toEqual({ total: 9, ingested: 9, unchanged: 0, failed: 0, cancelled: 0 });
    expect(report.kills).toBeGreaterThan(0);
    expect(report).toMatchObject({ embeddedTwice: 0, faults: [], verified: 0 });
  }, 600_000);
});

describe('ten books whose workflows are terminated', () => {
  test('are named as failed with the reason, the others are ingested, and `retry` ingests the ten', async () => {
    await using home = await TestHome.create(fakeEmbedderEnv);
    const folder = join(home.folder, 'books');
    await mkdir(folder);
    for (let book = 0; book < 14; book++) await writeLongBook(join(folder, `book-${book}.txt`), 150);
    expect((await home.run('up', '--detach')).code).toBe(0);
    const running = home.json('ingest', folder, '--parallel', '10');
    const terminated = await terminate(home, 10);
    const first = await running;
    const lost = result.parse(first.result);
    expect(first.code).toBe(3);
    expect(lost.books).toMatchObject({ total: 14, ingested: 4, failed: 10 });
    expect(lost.failures.map(({ path }) => path).sort()).toEqual(terminated.toSorted());
    for (const { code, message } of lost.failures) {
      expect(code).toBe('CHILD_LOST');
      expect(message).toContain('terminated (closed by an operator)');
    }
    const second = result.parse((await home.json('retry')).result);
    expect(second.books).toMatchObject({ ingested: 10, failed: 0 });
    expect((await home.json('verify')).code).toBe(0);
    await home.run('down');
    expect(await faultsIn(home.paths.store)).toEqual([]);
  }, 600_000);
});

const result = z.object({
  books: z.record(z.string(), z.number()),
  failures: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
});

/** As an operator does it in Temporal's UI; the worker stands still meanwhile. Resolves to the paths of the books. */
async function terminate(home: TestHome, count: number): Promise<string[]> {
  const client = await connectTemporal({ env: home.env });
  const query = `WorkflowType = '${workflowTypes.ingestBook}' AND ExecutionStatus = 'Running'`;
  const inFlight = (): Promise<WorkflowExecutionInfo[]> => Array.fromAsync(client.workflow.list({ query }));
  await eventually(async () => (await inFlight()).length >= count);
  const workers = await workerPids(home.paths.stackFile);
  for (const pid of workers) endProcess(pid, 'SIGSTOP');
  const paths: string[] = [];
  for (const { workflowId } of (await inFlight()).slice(0, count)) {
    const book = client.workflow.getHandle(workflowId);
    paths.push((await inputOf(book)).path);
    await book.terminate('closed by an operator');
  }
  for (const pid of workers) endProcess(pid, 'SIGCONT');
  await client.connection.close();
  return paths;
}

async function inputOf(book: WorkflowHandle): Promise<{ readonly path: string }> {
  const { events } = await book.fetchHistory();
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  return z.object({ path: z.string() }).parse(JSON.parse(Buffer.from(payloads?.[0]?.data ?? []).toString()));
}
