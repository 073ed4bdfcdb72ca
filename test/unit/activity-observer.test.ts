/** Every attempt at an activity is counted once, whatever becomes of it. */
import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { attributesOf, observeActivity } from '../../workers/telemetry/activity-observer.ts';
import { createMetrics } from '../../workers/telemetry/metrics.ts';
import { samplesIn } from '../helpers/prometheus-text.ts';

const queue = 'scriptorium-documents';

/** One attempt of this type; gives the page of metrics after it. */
async function attempt(activityType: string, run: () => Promise<unknown>) {
  const metrics = createMetrics();
  const env = new MockActivityEnvironment(
    { activityType, taskQueue: queue },
    { logger: new DefaultLogger('ERROR', () => {}) },
  );
  const { inbound } = observeActivity(env.context, { metrics, traced: false });
  const outcome = await inbound?.execute?.({ args: [{}], headers: {} }, run).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  return { outcome, page: samplesIn(await metrics.page()) };
}

describe('an attempt', () => {
  test('that is done is counted and timed, with its stage, and its result goes on', async () => {
    const { outcome, page } = await attempt('extractBook', async () => ({ pages: 3 }));
    expect(outcome).toEqual({ result: { pages: 3 } });
    const labels = { queue, activity: 'extractBook' };
    expect(page.value('queue_jobs_total', { ...labels, outcome: 'done' })).toBe(1);
    expect(page.value('queue_job_duration_seconds_count', labels)).toBe(1);
    expect(page.value('ingestion_stage_duration_seconds_count', { stage: 'extract' })).toBe(1);
  });

  test('that failed is counted as such, is no stage that was done, and its failure goes on', async () => {
    const failure = ApplicationFailure.nonRetryable('no text', 'NO_TEXT');
    const { outcome, page } = await attempt('extractBook', async () => Promise.reject(failure));
    expect(outcome).toEqual({ error: failure });
    expect(page.value('queue_jobs_total', { activity: 'extractBook', outcome: 'failed' })).toBe(1);
    expect(page.total('ingestion_stage_duration_seconds_count')).toBe(0);
  });

  test('that was cancelled is no failure', async () => {
    const { page } = await attempt('embedBook', async () => Promise.reject(new CancelledFailure('over')));
    expect(page.value('queue_jobs_total', { outcome: 'cancelled' })).toBe(1);
    expect(page.total('queue_jobs_total', { outcome: 'failed' })).toBe(0);
  });

  test('at a scan tells of the books that need no workflow', async () => {
    const { page } = await attempt('scanLibrary', async () => ({ unchanged: 7, failed: 2, toIngest: 1 }));
    expect(page.value('ingestion_books_total', { outcome: 'unchanged' })).toBe(7);
    expect(page.value('ingestion_books_total', { outcome: 'failed' })).toBe(2);
    expect(page.value('ingestion_books_total', { outcome: 'ingested' })).toBe(0);
  });

  test.each(['retrieve', 'search'])('at %s tells of the passages that it found', async (type) => {
    const { page } = await attempt(type, async () => ({ hits: [{}, {}, {}], timings: {} }));
    expect(page.value('rag_chunks_retrieved_count')).toBe(1);
    expect(page.value('rag_chunks_retrieved_sum')).toBe(3);
  });
});

test('attributes of a span are plain fields, and never a text', () => {
  const input = {
    library: 'sea',
    topK: 3,
    query: 'Who?',
    question: 'Who?',
    hits: [{ text: 'a' }],
    chunks: 4,
  };
  expect(attributesOf(input)).toEqual({
    ...{ 'scriptorium.library': 'sea', 'scriptorium.top_k': 3, 'scriptorium.chunks': 4 },
  });
  expect(attributesOf(null)).toEqual({});
  expect(attributesOf('Who?')).toEqual({});
});
