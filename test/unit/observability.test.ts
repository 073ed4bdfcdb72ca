/** The dashboard, the alerts and the document name what the code counts, and nothing else. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { createMetrics } from '../../workers/telemetry/metrics.ts';
import { stageOfActivity } from '../../workers/telemetry/stages.ts';

const textOf = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

const dashboard = z.object({
  uid: z.string(),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
});
const alerts = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.object({ summary: z.string(), description: z.string() }),
        }),
      ),
    }),
  ),
});

const { panels } = dashboard.parse(JSON.parse(textOf('deploy/grafana/scriptorium.json')));
const rules = alerts
  .parse(parse(textOf('deploy/prometheus/alerts.yml')))
  .groups.flatMap((group) => group.rules);
const doc = textOf('docs/observability.md');

/** As the page tells them: name → type. */
async function metricTypes(): Promise<Map<string, string>> {
  const metrics = createMetrics();
  const { page, close, ...instruments } = metrics;
  for (const instrument of Object.values(instruments))
    if ('add' in instrument) instrument.add(1, {});
    else instrument.record(1, {});
  const types = [...(await page()).matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  await close();
  return new Map(types.map(([, name = '', type = '']) => [name, type]));
}

/** Of Temporal's core, as far as they are used; it tells of failures only once there was one. */
const ofTemporal = new Set([
  'temporal_activity_schedule_to_start_latency_seconds_bucket',
  'temporal_workflow_task_schedule_to_start_latency_seconds_bucket',
  'temporal_worker_task_slots_available',
  'temporal_workflow_task_execution_failed',
  'temporal_request_failure',
]);

/** The names of metrics in a query. */
function namesIn(query: string): string[] {
  return [...query.matchAll(/\b((?:rag|ingestion|queue|cache|embedding|temporal)_\w+)(?=[{[])/g)].map(
    ([, name = '']) => name,
  );
}

function seriesOf([name, type]: [string, string]): string[] {
  return type === 'histogram' ? ['_bucket', '_sum', '_count'].map((ending) => name + ending) : [name];
}

describe('what is counted', () => {
  test('is what DESIGN promises', async () => {
    expect([...(await metricTypes())].map(([name, type]) => `${name} ${type}`).sort()).toEqual([
      'cache_requests_total counter',
      'embedding_batch_size histogram',
      'ingestion_books_total counter',
      'ingestion_bytes_total counter',
      'ingestion_chunks_total counter',
      'ingestion_stage_duration_seconds histogram',
      'queue_job_duration_seconds histogram',
      'queue_jobs_total counter',
      'rag_chunks_retrieved histogram',
      'rag_queries_total counter',
      'rag_query_latency_seconds histogram',
    ]);
  });

  test('is in the document, each with its labels', async () => {
    const named = [...doc.matchAll(/^\| `(\w+_\w+)` \|/gm)].map(([, name = '']) => name);
    expect(named.filter((name) => !name.startsWith('temporal_')).sort()).toEqual([
      ...[...(await metricTypes()).keys()].sort(),
    ]);
  });

  test('is on the dashboard, all of it', async () => {
    const queries = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)));
    const missing = [...(await metricTypes())].filter((metric) =>
      seriesOf(metric).every((series) => !queries.includes(series)),
    );
    expect(missing).toEqual([]);
  });
});

describe.each([
  ['the dashboard', panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))],
  ['the alerts', rules.map(({ expr }) => expr)],
])('%s', (_, queries) => {
  test('asks for nothing that nobody counts', async () => {
    const series = new Set([...(await metricTypes())].flatMap(seriesOf));
    const unknown = queries.flatMap(namesIn).filter((name) => !series.has(name) && !ofTemporal.has(name));
    expect(queries.flatMap(namesIn).length).toBeGreaterThan(5);
    expect(unknown).toEqual([]);
  });

  test('closes every bracket that it opens', () => {
    for (const query of queries)
      for (const [open, close] of ['()', '{}', '[]'])
        expect([query, query.split(open ?? '').length]).toEqual([query, query.split(close ?? '').length]);
  });
});

test('panels have ids of their own, and do not lie on each other', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

test('the document names the span of every stage', () => {
  const activities = ['scanLibrary', 'extractBook', 'chunkBook', 'embedBook', 'upsertBook', 'verifyBook'];
  const spans = [
    ...activities,
    'commitBook',
    'dropStale',
    'recordOutcome',
    'retrieve',
    'generate',
    'beginAnswer',
  ];
  for (const activity of spans) expect(doc).toContain(`\`${stageOfActivity(activity)?.span}\``);
});
