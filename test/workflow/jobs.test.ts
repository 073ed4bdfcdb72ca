/** The jobs of a library: each is done, whatever goes on before it, and a request that is sent again makes no other. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CancelledFailure } from '@temporalio/common';
import { addJob, job } from '../../client/jobs.ts';
import { ingestLibraryId } from '../../workflows/contract.ts';
import { jobsId } from '../../workflows/job-contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { entriesOf } from './fake-activities.ts';
import { failureOf, inFlight, RunFixture } from './run-fixture.ts';

/** So few that a job which cannot begin has made as many by the time it has tried once. */
const EVENTS_A_STEP = 10;

let fixture: RunFixture;
beforeAll(async () => {
  fixture = await RunFixture.start({ 'limit.historyCount.suggestContinueAsNew': EVENTS_A_STEP });
}, 120_000);
afterAll(async () => await fixture?.stop());

test('a run that was begun under another id is cancelled with it, in whichever step it is', async () => {
  const fake = { entries: entriesOf('good-1', 'good-2', 'endless') };
  await fixture.withRun(
    fake,
    {},
    async ({ handle, library }) => {
      const run = fixture.env.client.workflow.getHandle(ingestLibraryId(library));
      const steps = async () => {
        const { raw, runId } = await run.describe();
        return raw.workflowExecutionInfo?.firstRunId !== runId;
      };
      await eventually(() => steps().catch(() => false));
      await handle.cancel();
      expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
      expect((await run.describe()).status.name).toBe('CANCELLED');
    },
    (library) => `mine/${library}`,
  );
}, 120_000);

describe('a job', () => {
  test('behind a run of somebody else waits, is carried from step to step, and is done when that is over', async () => {
    await fixture.withRun({ entries: entriesOf('held') }, {}, async ({ handle, library, seen }) => {
      const { client } = fixture.env;
      await eventually(inFlight(handle));
      const { jobId } = await addJob(client, library, ['/books']);
      const jobs = client.workflow.getHandle(jobsId(library));
      const first = await jobs.describe();
      await eventually(async () => (await jobs.describe()).runId !== first.runId);
      expect(await job(client, jobId)).toMatchObject({ state: 'waiting', before: 0, endedAtMs: null });
      seen.released = true;
      await handle.result();
      await eventually(async () => (await job(client, jobId)).endedAtMs !== null);
      const done = await job(client, jobId);
      expect(done).toMatchObject({ state: 'done', result: { books: { ingested: 1 } }, failure: null });
      expect((await client.workflow.getHandle(ingestLibraryId(library)).describe()).runId).not.toBe(
        handle.firstExecutionRunId,
      );
      await jobs.terminate('over');
    });
  }, 120_000);

  test('whose queue was terminated has failed, and does not run for ever', async () => {
    await fixture.withRun({ entries: entriesOf('held') }, {}, async ({ handle, library, seen }) => {
      const { client } = fixture.env;
      await eventually(inFlight(handle));
      const { jobId } = await addJob(client, library, ['/books']);
      await client.workflow.getHandle(jobsId(library)).terminate('no more');
      const ended = await job(client, jobId);
      expect(ended).toMatchObject({ state: 'failed', failure: { code: 'CHILD_LOST' } });
      expect(ended.endedAtMs).toBeGreaterThanOrEqual(ended.acceptedAtMs);
      seen.released = true;
      await handle.result();
    });
  }, 60_000);

  test('that is sent again under its idempotency key is the one that came first', async () => {
    await fixture.withRun({ entries: [] }, {}, async ({ library }) => {
      const { client } = fixture.env;
      const idempotencyKey = 'the same request';
      const send = (paths: readonly string[], parallel = 5) =>
        addJob(client, library, paths, { parallel, idempotencyKey });
      const first = await send(['/a', '/b']);
      expect((await send(['/b', '/a', '/b'])).jobId).toBe(first.jobId);
      await expect(send(['/a'])).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
      await expect(send(['/a', '/b'], 6)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
      await client.workflow.getHandle(jobsId(library)).terminate('over');
    });
  }, 60_000);
});
