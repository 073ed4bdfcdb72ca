import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { IngestHandle } from '../../client/ingest-handle.ts';
import { startOrJoin } from '../../client/start-run.ts';
import { type BookReport, ingestBookId, ingestLibraryId, taskQueues } from '../../workflows/contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { entriesOf } from './fake-activities.ts';
import { failureOf, inFlight, progressOf, RunFixture } from './run-fixture.ts';

let fixture: RunFixture;
beforeAll(async () => {
  fixture = await RunFixture.start();
}, 120_000);
afterAll(async () => await fixture?.stop());

describe('a run', () => {
  test('settles every book once, never with more in flight than allowed, and counts failures', async () => {
    const names = [...Array.from({ length: 40 }, (_, n) => `good-${n}`), 'broken-1', 'broken-2'];
    await fixture.withRun({ entries: entriesOf(...names) }, { parallel: 4 }, async ({ handle, seen }) => {
      const result = await handle.result();
      expect(result.books).toEqual({ total: 42, ingested: 40, unchanged: 0, failed: 2, cancelled: 0 });
      expect(result.chunks).toBe(160);
      expect(result.failures.map(({ path, code, stage }) => ({ path, code, stage }))).toEqual(
        expect.arrayContaining([{ path: '/books/broken-1', code: 'CORRUPT_FILE', stage: 'extract' }]),
      );
      expect([...seen.committed].sort()).toEqual(
        names
          .filter((name) => name.startsWith('good'))
          .map((name) => `/books/${name}`)
          .sort(),
      );
      expect(seen.mostInFlight).toBeLessThanOrEqual(4);
      expect(seen.outcomes.map((outcome) => outcome.path).sort()).toEqual([
        '/books/broken-1',
        '/books/broken-2',
      ]);
    });
  }, 60_000);

  test('continues as new after 500 books and still knows all of them', async () => {
    const names = Array.from({ length: 520 }, (_, n) => `good-${n}`);
    await fixture.withRun({ entries: entriesOf(...names) }, { parallel: 20 }, async ({ handle, seen }) => {
      const result = await handle.result();
      expect(result.books).toEqual({ total: 520, ingested: 520, unchanged: 0, failed: 0, cancelled: 0 });
      expect(new Set(seen.committed).size).toBe(520);
      const first = fixture.env.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
    });
  }, 500_000);

  test('with nothing to do ends with the counts of its scan', async () => {
    const failure = {
      path: '/gone',
      stage: 'scan',
      code: 'SOURCE_MISSING',
      message: 'gone',
      attempts: 1,
    } as const;
    const scan = { unchanged: 3, failed: 1, failures: [failure], skippedFiles: { '.png': 2 } };
    await fixture.withRun({ entries: [], scan }, {}, async ({ handle }) => {
      const { books, failures, skippedFiles } = await handle.result();
      expect(books).toEqual({ total: 4, ingested: 0, unchanged: 3, failed: 1, cancelled: 0 });
      expect(failures).toEqual([failure]);
      expect(skippedFiles).toEqual({ '.png': 2 });
    });
  });

  test('refuses input that makes no sense, and names the field', async () => {
    await fixture.withRun({ entries: [] }, { parallel: 0 }, async ({ handle }) => {
      const cause = await failureOf(handle);
      expect(cause).toBeInstanceOf(ApplicationFailure);
      expect(cause).toMatchObject({ type: 'INVALID_ARGUMENT', message: expect.stringContaining('parallel') });
    });
  });

  test('that is cancelled ends its children, starts no more, and accounts for all books', async () => {
    await fixture.withRun(
      { entries: entriesOf('endless-1', 'endless-2', 'never-started') },
      { parallel: 2 },
      async ({ handle, seen }) => {
        await eventually(async () => seen.inFlight === 2);
        await handle.cancel();
        expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
        const { books } = await new IngestHandle(fixture.env.client, handle.workflowId).result();
        expect(books).toEqual({ total: 3, ingested: 0, unchanged: 0, failed: 0, cancelled: 3 });
        expect(seen.outcomes.map(({ outcome }) => outcome.outcome)).toEqual(['cancelled', 'cancelled']);
        expect(seen.committed).toEqual([]);
      },
    );
  }, 60_000);

  test('waits for a child that an earlier run left behind, instead of starting it twice', async () => {
    await fixture.withRun({ entries: entriesOf('endless-1') }, {}, async ({ handle, library }) => {
      await eventually(inFlight(handle));
      await handle.terminate('the operator closed it');
      const second = await fixture.env.client.workflow.start('ingestLibrary', {
        args: [{ paths: ['/books'], library }],
        taskQueue: taskQueues.main,
        workflowId: ingestLibraryId(library),
      });
      await eventually(inFlight(second));
      await fixture.env.client.workflow.getHandle(ingestBookId(library, 'id-endless-1')).cancel();
      expect(await second.result()).toMatchObject({ books: { total: 1, cancelled: 1 } });
    });
  }, 60_000);
});

test('a run starts a book anew whose child was cancelled for another run, and not one that was removed', async () => {
  const entries = entriesOf('held-1', 'held-2');
  const looks: BookReport[] = [
    { bookId: 'id-held-1', outcome: 'cancelled' },
    { bookId: 'id-held-2', outcome: 'cancelled', removed: true },
  ];
  await fixture.withRun({ entries, looks }, {}, async ({ handle, library, seen }) => {
    const { workflow } = fixture.env.client;
    await eventually(async () => seen.inFlight === 2);
    await handle.terminate('the operator closed it');
    const second = await workflow.start('ingestLibrary', {
      args: [{ paths: ['/books'], library }],
      taskQueue: taskQueues.main,
      workflowId: ingestLibraryId(library),
    });
    await eventually(async () => (await progressOf(second)).running.length === 2);
    for (const { bookId } of entries) await workflow.getHandle(ingestBookId(library, bookId)).terminate();
    await eventually(async () => seen.inFlight === 0);
    seen.released = true;
    expect(await second.result()).toMatchObject({ books: { total: 2, ingested: 1, cancelled: 1 } });
    expect(seen.committed).toEqual(['/books/held-1']);
  });
}, 120_000);

test('who starts a run while another one is being cancelled does not join it', async () => {
  await fixture.withRun({ entries: entriesOf('held-1') }, {}, async ({ handle, library, seen }) => {
    await eventually(async () => seen.inFlight === 1);
    await handle.cancel();
    const input = { library, paths: ['/books'], parallel: 5, prune: false, force: false };
    const next = await startOrJoin(fixture.env.client, input);
    const former = fixture.env.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
    expect((await former.describe()).status.name).toBe('CANCELLED');
    seen.released = true;
    expect(await next.result()).toMatchObject({ books: { total: 1, ingested: 1, cancelled: 0 } });
  });
}, 120_000);

describe('a book', () => {
  test.each([
    ['the store counts wrong', 'wrong-once'],
    ['its commit comes late and counts wrong', 'miscounted-once'],
  ])('is written again when %s, and is committed once it is right', async (_, name) => {
    await fixture.withRun({ entries: entriesOf(name) }, {}, async ({ handle, seen }) => {
      expect((await handle.result()).books.ingested).toBe(1);
      expect(seen.calls.filter((call) => call.startsWith('upsert'))).toHaveLength(2);
      expect(seen.dropped).toEqual([`id-${name}`]);
      expect(seen.committed).toEqual([`/books/${name}`]);
    });
  });

  test('fails with COUNT_MISMATCH, and is never committed, when the store stays wrong', async () => {
    await fixture.withRun({ entries: entriesOf('never-right') }, {}, async ({ handle, seen }) => {
      const { failures } = await handle.result();
      expect(failures).toMatchObject([{ code: 'COUNT_MISMATCH', stage: 'verify' }]);
      expect(seen.committed).toEqual([]);
    });
  });

  test('drops what is left of an older revision only after its own is committed', async () => {
    await fixture.withRun({ entries: entriesOf('replaced') }, {}, async ({ handle, seen }) => {
      await handle.result();
      expect(seen.calls.slice(-2)).toEqual(['commit /books/replaced', 'drop id-replaced']);
      expect(seen.dropped).toEqual(['id-replaced']);
    });
  });

  test('that failed is a failed workflow in the UI, with its code', async () => {
    await fixture.withRun({ entries: entriesOf('broken') }, {}, async ({ handle, library }) => {
      await handle.result();
      const child = fixture.env.client.workflow.getHandle(ingestBookId(library, 'id-broken'));
      // Its report is its last step but one: it ends a moment after the run.
      expect(await failureOf(child)).toMatchObject({ type: 'CORRUPT_FILE', message: 'torn' });
      expect((await child.describe()).status.name).toBe('FAILED');
    });
  });
});
