/** A run that is steered while it goes on: by updates of the workflow, as the client, the command line and `temporal` send them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { IngestHandle } from '../../client/ingest-handle.ts';
import { ingestBookId, ingestLibraryId } from '../../workflows/contract.ts';
import type { Steered } from '../../workflows/run-contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { entriesOf } from '../workflow/fake-activities.ts';
import { failureOf, inFlight, progressOf, RunFixture, type Running } from '../workflow/run-fixture.ts';

let fixture: RunFixture;
beforeAll(async () => {
  fixture = await RunFixture.start();
}, 120_000);
afterAll(async () => await fixture?.stop());

const update = ({ handle }: Running, name: string, input: object = {}): Promise<Steered> =>
  handle.executeUpdate<Steered, [object]>(name, { args: [input] });

async function refusalOf(updating: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await updating.catch((thrown: unknown) => thrown);
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) throw cause;
  return cause;
}

const held = (count: number): string[] => Array.from({ length: count }, (_, n) => `held-${n}`);

/** Until so many books are being read. */
const reading = ({ seen }: Running, count: number) => eventually(async () => seen.inFlight === count);

describe('a run that is steered', () => {
  test('takes up more books at once, and then fewer', async () => {
    await fixture.withRun({ entries: entriesOf(...held(9)) }, { parallel: 2 }, async (run) => {
      await reading(run, 2);
      expect(await update(run, 'setParallel', { parallel: 6 })).toMatchObject({ parallel: 6 });
      await reading(run, 6);
      await update(run, 'setParallel', { parallel: 1 });
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ total: 9, ingested: 9 });
      expect(run.seen.mostInFlight).toBe(6);
    });
  }, 60_000);

  test('starts nothing while it is paused, and goes on when it is resumed', async () => {
    await fixture.withRun({ entries: entriesOf(...held(5)) }, { parallel: 2 }, async (run) => {
      await reading(run, 2);
      expect(await update(run, 'pause')).toMatchObject({ state: 'paused' });
      run.seen.released = true;
      await eventually(async () => (await progressOf(run.handle)).running.length === 0);
      expect(await progressOf(run.handle)).toMatchObject({
        state: 'paused',
        books: { total: 5, ingested: 2 },
      });
      expect(run.seen.read).toHaveLength(2);
      expect(await update(run, 'resume')).toMatchObject({ state: 'ingesting' });
      expect((await run.handle.result()).books).toMatchObject({ ingested: 5 });
    });
  }, 60_000);

  test('ends a book in flight and one that waits, by path or id, and commits neither', async () => {
    const entries = entriesOf(...held(4));
    await fixture.withRun({ entries }, { parallel: 2 }, async (run) => {
      await reading(run, 2);
      const books = ['/books/held-0', 'id-held-3'];
      expect(await update(run, 'cancelBooks', { books })).toMatchObject({ books: 2 });
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ total: 4, ingested: 2, cancelled: 2 });
      expect([...run.seen.committed].sort()).toEqual(['/books/held-1', '/books/held-2']);
      const cancelled = run.seen.outcomes.map(({ path, outcome }) => [path, outcome.outcome]);
      expect(cancelled.sort()).toEqual([
        ['/books/held-0', 'cancelled'],
        ['/books/held-3', 'cancelled'],
      ]);
    });
  }, 60_000);

  test('cancels all that are named before it starts any of them', async () => {
    const entries = entriesOf('held-0', 'a', 'b', 'c', 'd');
    await fixture.withRun({ entries }, { parallel: 1 }, async (run) => {
      await reading(run, 1);
      run.seen.slowMs = 300;
      const cancelling = update(run, 'cancelBooks', { books: ['id-a', 'id-b', 'id-c'] });
      await eventually(async () => run.seen.recording > 0);
      // There is room now, and none of them is recorded yet.
      run.seen.released = true;
      expect(await cancelling).toMatchObject({ books: 3 });
      expect((await run.handle.result()).books).toMatchObject({ total: 5, ingested: 2, cancelled: 3 });
      expect(run.seen.read).toEqual(['held-0', 'd']);
      expect(run.seen.outcomes.map(({ path }) => path).sort()).toEqual(['/books/a', '/books/b', '/books/c']);
    });
  }, 60_000);

  test('takes no second retry while the first looks for its books', async () => {
    const entries = entriesOf('fails-once-1', 'fails-once-2', 'held');
    await fixture.withRun({ entries }, { parallel: 5 }, async (run) => {
      await eventually(async () => (await progressOf(run.handle)).books.failed === 2);
      run.seen.slowMs = 500;
      const first = update(run, 'retryFailed');
      await eventually(async () => run.seen.scans.length === 2);
      expect(await refusalOf(update(run, 'retryFailed'))).toMatchObject({ type: 'RUN_NOT_READY' });
      expect(await first).toMatchObject({ books: 2 });
      run.seen.released = true;
      const { books } = await run.handle.result();
      expect(books).toEqual({ total: 3, ingested: 3, unchanged: 0, failed: 0, cancelled: 0 });
    });
  }, 60_000);

  test('that is paused with nothing in flight answers who cancels it', async () => {
    await fixture.withRun({ entries: entriesOf('held-0', 'b') }, { parallel: 1 }, async (run) => {
      await reading(run, 1);
      await update(run, 'pause');
      run.seen.released = true;
      await eventually(async () => (await progressOf(run.handle)).running.length === 0);
      expect(await update(run, 'cancelRun')).toMatchObject({ books: 1 });
      expect(await failureOf(run.handle)).toBeInstanceOf(CancelledFailure);
    });
  }, 60_000);

  test('that finds no failed book can be asked to retry again', async () => {
    const entries = entriesOf('held-0', 'held-1');
    await fixture.withRun({ entries }, { parallel: 1 }, async (run) => {
      await reading(run, 1);
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 0 });
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 0 });
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ total: 2, ingested: 2 });
    });
  }, 60_000);

  test('continues as new while it is paused and steered, and takes up where it was', async () => {
    await fixture.withRun({ entries: entriesOf(...held(3)) }, { parallel: 2 }, async (run) => {
      await reading(run, 2);
      await update(run, 'pause');
      run.seen.released = true;
      await eventually(async () => (await progressOf(run.handle)).running.length === 0);
      const { runId } = await run.handle.describe();
      for (let round = 0; round < 1_000 && (await run.handle.describe()).runId === runId; round++)
        await Promise.all([2, 3, 4, 5, 6].map((parallel) => update(run, 'setParallel', { parallel })));
      expect((await run.handle.describe()).runId).not.toBe(runId);
      expect(await progressOf(run.handle)).toMatchObject({ state: 'paused', books: { ingested: 2 } });
      await update(run, 'resume');
      expect((await run.handle.result()).books).toMatchObject({ total: 3, ingested: 3 });
    });
  }, 180_000);

  test('reads the books first that are moved to the front', async () => {
    await fixture.withRun({ entries: entriesOf(...held(6)) }, { parallel: 1 }, async (run) => {
      await reading(run, 1);
      const books = ['/books/held-5', 'id-held-3'];
      expect(await update(run, 'moveToFront', { books })).toMatchObject({ books: 2 });
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ ingested: 6 });
      expect(run.seen.read).toEqual(['held-0', 'held-3', 'held-5', 'held-1', 'held-2', 'held-4']);
    });
  }, 60_000);

  test('tries the books that failed again, and counts each once', async () => {
    const entries = entriesOf('fails-once-1', 'fails-once-2', 'held');
    await fixture.withRun({ entries }, { parallel: 5 }, async (run) => {
      await eventually(async () => (await progressOf(run.handle)).books.failed === 2);
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 2 });
      await eventually(async () => (await progressOf(run.handle)).books.ingested === 2);
      expect((await progressOf(run.handle)).failures).toEqual([]);
      run.seen.released = true;
      const { books, failures } = await run.handle.result();
      expect(books).toEqual({ total: 3, ingested: 3, unchanged: 0, failed: 0, cancelled: 0 });
      expect(failures).toEqual([]);
      expect(run.seen.scans[1]).toMatchObject({ retry: 'failed', except: ['id-held'] });
    });
  }, 60_000);

  test('tries them again before those that wait, and takes another retry as soon as they are begun', async () => {
    const entries = entriesOf('fails-once-1', ...held(3));
    await fixture.withRun({ entries }, { parallel: 1 }, async (run) => {
      await eventually(async () => (await progressOf(run.handle)).books.failed === 1);
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 1 });
      await update(run, 'setParallel', { parallel: 2 });
      await eventually(async () => run.seen.read.length === 4);
      expect(run.seen.read).toEqual(['fails-once-1', 'held-0', 'fails-once-1', 'held-1']);
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 0 });
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ total: 4, ingested: 4, failed: 0 });
    });
  }, 60_000);

  test('refuses what it takes at another time with a code of its own', async () => {
    await fixture.withRun({ entries: entriesOf('fails-once-1', 'held') }, { parallel: 5 }, async (run) => {
      await eventually(async () => (await progressOf(run.handle)).books.failed === 1);
      await update(run, 'pause');
      expect(await update(run, 'retryFailed')).toMatchObject({ books: 1 });
      expect(await refusalOf(update(run, 'retryFailed'))).toMatchObject({
        ...{ type: 'RUN_NOT_READY', message: expect.stringContaining('earlier retry') },
      });
      run.seen.released = true;
      await update(run, 'resume');
      expect((await run.handle.result()).books).toMatchObject({ ingested: 2, failed: 0 });
    });
  }, 60_000);

  test('ends as cancelled when an update says so, with every book accounted for', async () => {
    await fixture.withRun({ entries: entriesOf(...held(5)) }, { parallel: 2 }, async (run) => {
      await reading(run, 2);
      expect(await update(run, 'cancelRun')).toMatchObject({ books: 5 });
      expect(await failureOf(run.handle)).toBeInstanceOf(CancelledFailure);
      expect((await run.handle.describe()).status.name).toBe('CANCELLED');
      const { state } = await new IngestHandle(fixture.env.client, run.handle.workflowId).progress();
      expect(state).toBe('cancelled');
      expect((await progressOf(run.handle)).books).toMatchObject({ total: 5, cancelled: 5 });
      expect(run.seen.committed).toEqual([]);
    });
  }, 60_000);

  test('refuses values that make no sense, names what is wrong, and goes on', async () => {
    const refused: [string, object, string][] = [
      ['setParallel', { parallel: 501 }, 'parallel'],
      ['setParallel', { parallel: '5' }, 'parallel'],
      ['setParallel', {}, 'parallel'],
      ['cancelBooks', { books: [] }, 'books'],
      ['cancelBooks', { book: '/books/held-0' }, 'book'],
      ['moveToFront', { books: ['/books/no-such'] }, '/books/no-such'],
      ['cancelBooks', { books: ['/books/held-0', 'no-such'] }, 'no-such'],
      ['retryFailed', { all: 1 }, 'all'],
    ];
    await fixture.withRun({ entries: entriesOf('held-0') }, {}, async (run) => {
      await eventually(inFlight(run.handle));
      for (const [name, input, named] of refused) {
        const refusal = await refusalOf(update(run, name, input));
        expect(refusal).toMatchObject({ type: 'INVALID_ARGUMENT', message: expect.stringContaining(named) });
      }
      run.seen.released = true;
      expect((await run.handle.result()).books).toMatchObject({ ingested: 1 });
    });
  }, 60_000);
});

describe('a run under another workflow id', () => {
  const anyId = (library: string): string => `nightly/${library}/2026-11-21`;

  test('is a front of the one run over the library, and gives its result', async () => {
    await fixture.withRun(
      { entries: entriesOf('good') },
      {},
      async ({ handle, library }) => {
        const result = await handle.result();
        expect(result).toMatchObject({ workflowId: ingestLibraryId(library), books: { ingested: 1 } });
      },
      anyId,
    );
  }, 60_000);

  test('is refused while the library is being ingested', async () => {
    await fixture.withRun({ entries: entriesOf('held') }, {}, async (run) => {
      await eventually(inFlight(run.handle));
      const front = await fixture.env.client.workflow.start('ingestLibrary', {
        args: [{ paths: ['/other'], library: run.library }],
        taskQueue: 'scriptorium',
        workflowId: anyId(run.library),
      });
      expect(await failureOf(front)).toMatchObject({ type: 'RUN_IN_PROGRESS' });
      run.seen.released = true;
      await run.handle.result();
    });
  }, 60_000);

  test('ends the run when it is cancelled', async () => {
    await fixture.withRun(
      { entries: entriesOf('held') },
      {},
      async ({ handle, library, seen }) => {
        await eventually(async () => seen.inFlight === 1);
        await handle.cancel();
        expect(await failureOf(handle)).toBeDefined();
        const run = fixture.env.client.workflow.getHandle(ingestLibraryId(library));
        expect((await run.describe()).status.name).toBe('CANCELLED');
      },
      anyId,
    );
  }, 60_000);
});

describe('a book that a former run left at work', () => {
  test.each([true, false])(
    'counts when it is as it was found now (%s), else it is read again',
    async (current) => {
      await fixture.withRun({ entries: entriesOf('held'), current }, {}, async (run) => {
        await reading(run, 1);
        await run.handle.terminate('the operator closed it');
        const second = await fixture.env.client.workflow.start('ingestLibrary', {
          args: [{ paths: ['/books'], library: run.library }],
          taskQueue: 'scriptorium',
          workflowId: run.handle.workflowId,
        });
        await eventually(inFlight(second));
        run.seen.released = true;
        expect(await second.result()).toMatchObject({ books: { total: 1, ingested: 1 } });
        expect(run.seen.read).toEqual(current ? ['held'] : ['held', 'held']);
        const child = fixture.env.client.workflow.getHandle(ingestBookId(run.library, 'id-held'));
        // It tells its run before it ends.
        await child.result();
        expect((await child.describe()).status.name).toBe('COMPLETED');
      });
    },
    60_000,
  );
});
