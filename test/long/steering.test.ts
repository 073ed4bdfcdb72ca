/** A run of the real stack that is steered, watched and scheduled, and a client that outlives its Temporal server. */
import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectTemporal } from '../../client/connection.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { readStackState } from '../../client/stack-state.ts';
import { eventually } from '../helpers/eventually.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { descendantsOf } from '../helpers/stack-processes.ts';

let home: TestHome;
let client: ScriptoriumClient;
let books: string;

beforeAll(async () => {
  home = await TestHome.create();
  expect((await home.run('up', '--detach')).code).toBe(0);
  client = await ScriptoriumClient.connect({ env: home.env });
  books = join(home.folder, 'Books');
  await mkdir(books);
  await writeLongBook(join(books, 'a-giant.txt'), 4_000);
  for (const name of ['b', 'c', 'd', 'e']) await writeLongBook(join(books, `${name}-short.txt`), 2);
}, 300_000);

afterAll(async () => {
  await client?.close();
  await home[Symbol.asyncDispose]();
}, 60_000);

/** What a command says on standard error, as it says it. */
function saidBy(child: ChildProcess): { text: string } {
  const said = { text: '' };
  child.stderr?.on('data', (chunk: Buffer) => {
    said.text += chunk.toString();
  });
  return said;
}

describe('a run', () => {
  test('is paused, reordered, widened and resumed, and a book of it is cancelled, while it goes on', async () => {
    const run = await client.ingest([books], { library: 'steered', parallel: 1 });
    const giant = join(books, 'a-giant.txt');
    await eventually(async () => (await run.progress()).running.some((book) => book.path === giant));
    expect(await run.pause()).toMatchObject({ state: 'paused' });
    expect(await run.moveToFront([join(books, 'e-short.txt')])).toMatchObject({ books: 1 });
    expect(await run.setParallel(2)).toMatchObject({ state: 'paused', parallel: 2 });
    expect((await run.progress()).inFlight).toBe(1);
    expect(await run.resume()).toMatchObject({ state: 'ingesting' });
    const second = await eventually(async () => {
      const { running, books: counts } = await run.progress();
      return counts.ingested > 0 || running.some((book) => book.path !== giant) ? { running, counts } : null;
    });
    expect(second.running.map((book) => book.path)).not.toContain(join(books, 'b-short.txt'));
    const { done, secondsLeft } = await eventually(async () => {
      const progress = await run.progress();
      return progress.books.ingested === 4 && progress.rate > 0 ? progress : null;
    });
    // Four of five books are done, and nearly all of the work is not.
    expect(done).toBeLessThan(0.5);
    expect(secondsLeft).toBeGreaterThan(5);
    expect(await run.cancelBooks([giant])).toMatchObject({ books: 1 });
    expect((await run.result()).books).toMatchObject({ total: 5, ingested: 4, cancelled: 1 });
    const [cancelled] = (await client.books({ library: 'steered' })).filter((book) => book.path === giant);
    expect(cancelled).toMatchObject({ state: 'cancelled', chunks: 0 });
  }, 240_000);

  test('passes over a book that was removed while it waited', async () => {
    const [waiting, giant] = [join(books, 'e-short.txt'), join(books, 'a-giant.txt')];
    await (await client.ingest([waiting], { library: 'thinned' })).result();
    await writeLongBook(waiting, 3);
    const run = await client.ingest([giant, waiting], { library: 'thinned', parallel: 1 });
    await eventually(async () => (await run.progress()).running.some((book) => book.path === giant));
    expect(await client.remove(waiting, { library: 'thinned' })).toMatchObject({ path: waiting });
    await expect(client.remove(giant, { library: 'thinned' })).rejects.toMatchObject({
      code: expect.stringMatching(/RUN_IN_PROGRESS|BOOK_NOT_FOUND/),
    });
    expect(await run.cancelBooks([giant])).toMatchObject({ books: 1 });
    expect((await run.result()).books).toMatchObject({ total: 2, ingested: 0, cancelled: 2 });
    const left = await client.books({ library: 'thinned' });
    expect(left.map(({ path }) => path)).toEqual([giant]);
  }, 120_000);

  test('is found by its search attributes', async () => {
    const temporal = await connectTemporal({ env: home.env });
    const ids = await eventually(async () => {
      const found: string[] = [];
      const query = "ScriptoriumLibrary = 'steered' AND ScriptoriumBooksDone >= 0";
      for await (const { workflowId } of temporal.workflow.list({ query })) found.push(workflowId);
      return found.length > 0 && found;
    });
    expect(ids).toEqual(['ingest/steered']);
    await temporal.connection.close();
  }, 60_000);
});

describe('a schedule', () => {
  test('starts the run of its library when its time has come', async () => {
    const { code, result } = await home.json(
      'schedule',
      'add',
      join(books, 'b-short.txt'),
      '--library',
      'nightly',
    );
    expect({ code, result }).toMatchObject({ code: 0, result: { library: 'nightly', prune: false } });
    const temporal = await connectTemporal({ env: home.env });
    await temporal.schedule.getHandle('ingest/nightly').trigger();
    const listed = await eventually(async () => {
      const rows = await client.books({ library: 'nightly' }).catch(() => []);
      return rows.length > 0 && rows;
    });
    expect(listed).toMatchObject([{ state: 'ingested', library: 'nightly' }]);
    expect((await client.run('nightly').result()).workflowId).toBe('ingest/nightly');
    await temporal.connection.close();
    expect((await home.json('schedule', 'remove', 'nightly')).result).toEqual({
      library: 'nightly',
      removed: true,
    });
    expect(await client.schedules()).toEqual([]);
  }, 120_000);
});

describe('an ingestion that is watched', () => {
  test('says when Temporal does not answer, waits for it, and tells the result', async () => {
    const ingesting = home.start('ingest', join(books, 'a-giant.txt'), '--library', 'patient');
    const said = saidBy(ingesting);
    const ended = new Promise<number | null>((resolve) => ingesting.once('close', resolve));
    const run = client.run('patient');
    await eventually(async () => (await run.progress().catch(() => null))?.inFlight === 1);
    const supervisor = (await readStackState(home.paths.stackFile))?.pid ?? 0;
    for (const pid of [supervisor, ...(await descendantsOf(supervisor))]) process.kill(pid, 'SIGKILL');
    await eventually(async () => said.text.includes('Temporal does not answer; waiting'));
    expect((await home.run('up', '--detach')).code).toBe(0);
    await eventually(async () => said.text.includes('Temporal answers again'));
    // What it waits for is the run's end, not the whole of a giant.
    await eventually(
      async () =>
        await run.cancel().then(
          () => true,
          () => false,
        ),
    );
    expect(await ended).toBe(1);
  }, 240_000);
});
