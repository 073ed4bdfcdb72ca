/** How calls are watched, counted and shown; what of it costs anything when nobody traces. */
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Attributes, Meter, QueryEnd, Span, Tracer } from '../../activities/ports/telemetry.ts';
import { startTracing, traceStarts, tracingWanted } from '../../client/tracing.ts';
import { createMetrics } from '../../workers/telemetry/metrics.ts';
import { type MetricsServer, startMetricsServer } from '../../workers/telemetry/metrics-server.ts';
import { observed } from '../../workers/telemetry/observed.ts';
import { observedStores, observeStage } from '../../workers/telemetry/observed-parts.ts';
import { ofWorkflows } from '../../workers/telemetry/spans.ts';
import { countEnd } from '../../workers/telemetry/workflow-observer.ts';
import type { WorkflowEnd } from '../../workflows/observe.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';
import { samplesIn } from '../helpers/prometheus-text.ts';

/** Remembers every span: its name, and all its attributes. */
class Spans implements Tracer {
  readonly ended: [string, Attributes][] = [];

  async span<T>(name: string, attributes: Attributes, run: (span: Span) => Promise<T>): Promise<T> {
    let all = attributes;
    try {
      return await run({ set: (more) => (all = { ...all, ...more }) });
    } finally {
      this.ended.push([name, all]);
    }
  }
}

class Lamp {
  readonly #name = 'north';
  get label(): string {
    return this.#name;
  }
  async light(times: number): Promise<string> {
    return `${this.#name} ${times}`;
  }
  async put(): Promise<void> {
    throw new Error('no oil');
  }
  *glow(): Generator<string> {
    yield this.#name;
  }
}

describe('a watched object', () => {
  const calls: string[] = [];
  const lamp = observed(new Lamp(), new Set(['light', 'put']), async (method, args, run) => {
    calls.push(`${method} ${args.join()}`);
    return await run();
  });

  test('does what it did, private fields and all', async () => {
    expect(await lamp.light(3)).toBe('north 3');
    expect(lamp.label).toBe('north');
    expect([...lamp.glow()]).toEqual(['north']);
    await expect(lamp.put()).rejects.toThrow('no oil');
    expect(calls).toEqual(['light 3', 'put ']);
  });
});

describe('stores', () => {
  test('are the very same objects when nobody traces', () => {
    const stores = { store: new MemoryVectorStore(), catalog: new MemoryCatalog() };
    expect(observedStores(stores, { storeSystem: 'lancedb', tracer: null })).toBe(stores);
  });

  test('have a span for each call, with the attributes of the conventions for databases', async () => {
    const tracer = new Spans();
    const { store, catalog } = observedStores(
      { store: new MemoryVectorStore(), catalog: new MemoryCatalog() },
      { storeSystem: 'lancedb', tracer },
    );
    await store.search(new Float32Array([1, 0]), {}, 5);
    await store.get(['a', 'b']);
    await catalog.getLibrary('x');
    const database = { 'db.system.name': 'lancedb', 'db.collection.name': 'passages' };
    expect(tracer.ended).toEqual([
      ['query.search', { ...database, 'db.operation.name': 'search', 'db.response.returned_rows': 0 }],
      [
        'get passages',
        {
          ...{ ...database, 'db.operation.name': 'get', 'db.operation.batch.size': 2 },
          'db.response.returned_rows': 0,
        },
      ],
      ['getLibrary books', { ...database, 'db.collection.name': 'books', 'db.operation.name': 'getLibrary' }],
    ]);
  });
});

test('a stage has a span of its own where no port has one for it', async () => {
  const tracer = new Spans();
  const observe = observeStage(tracer);
  expect(await observe('dense', async () => 1)).toBe(1);
  expect(await observe('fuse', async () => 2)).toBe(2);
  expect(tracer.ended).toEqual([['query.fuse', {}]]);
});

describe('tracing', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, false],
    [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
  ])('with %j is wanted: %s', async (env, wanted) => {
    expect(tracingWanted(env)).toBe(wanted);
    expect((await traceStarts(env)).length > 0).toBe(wanted);
  });

  test('that nobody wants starts nothing', async () => {
    expect(await startTracing({}, { serviceName: 'x', onLost: () => {} })).toBeNull();
  });

  test.each([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'zipkin'],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon' }, 'carrier-pigeon'],
  ])('with %j is refused', async (env, named) => {
    await expect(startTracing(env, { serviceName: 'x', onLost: () => {} })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(named),
    });
  });
});

describe('spans of workflows', () => {
  const exported: ReadableSpan[] = [];
  const processor = ofWorkflows({ onEnd: (span) => void exported.push(span) }, () => 2_500);
  const span = (name: string, attributes: object): ReadableSpan => ({
    ...{ name, kind: 0, startTime: [0, 0], endTime: [0, 1], status: { code: 0 }, links: [], events: [] },
    ...{
      duration: [0, 1],
      ended: true,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    },
    ...{ instrumentationScope: { name: 'test' }, resource: resourceFromAttributes({}) },
    spanContext: () => ({ traceId: 'a', spanId: 'b', traceFlags: 1 }),
    attributes: { ...attributes },
  });

  test('have plain attributes only, and those of mere looks are left out', () => {
    processor.onEnd(span('HandleQuery:runProgress', {}));
    processor.onEnd(
      span('ingest.book', {
        ...{ workflowId: 'w', runId: 'r', memo: { secret: 1 }, historyLength: 3, 'scriptorium.library': 'l' },
      }),
    );
    expect(exported.map(({ name }) => name)).toEqual(['ingest.book']);
    expect(exported[0]?.attributes).toEqual({
      ...{ temporalWorkflowId: 'w', run_id: 'r', 'scriptorium.library': 'l' },
    });
    expect(exported[0]?.spanContext().spanId).toBe('b');
    expect(exported[0]).toMatchObject({ endTime: [2, 500_000_000], duration: [2, 500_000_000] });
  });
});

describe('the page of metrics', () => {
  let server: MetricsServer | null = null;
  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    server = null;
  });
  const address = (firstPort: number, lastPort = firstPort) => ({ host: '127.0.0.1', firstPort, lastPort });

  test('begins with zeros, so that the first failure is a step', async () => {
    const page = samplesIn(await createMetrics().page());
    expect(page.value('ingestion_books_total', { outcome: 'failed' })).toBe(0);
    expect(page.value('rag_queries_total', { kind: 'answer', outcome: 'failed' })).toBe(0);
    expect(page.value('ingestion_bytes_total')).toBe(0);
  });

  test('is served at /metrics alone', async () => {
    server = await startMetricsServer({ address: address(0), page: async () => 'lamps 3\n' });
    const response = await fetch(server.url);
    expect([response.status, await response.text()]).toEqual([200, 'lamps 3\n']);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect((await fetch(new URL('/other', server.url))).status).toBe(404);
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(404);
  });

  test('takes the next port when one is taken, and says so when none is left', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const bound = holder.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    try {
      server = await startMetricsServer({ address: address(port, port + 20), page: async () => '' });
      expect(Number(new URL(server.url).port)).toBeGreaterThan(port);
      await expect(
        startMetricsServer({ address: address(port), page: async () => '' }),
      ).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining('SCRIPTORIUM_METRICS_ADDRESS'),
      });
    } finally {
      holder.close();
    }
  });
});

describe('workflows that end', () => {
  async function told(workflowType: string, end: Partial<WorkflowEnd>) {
    const metrics = createMetrics();
    const queries: QueryEnd[] = [];
    const meter: Meter = {
      query: (query) => void queries.push(query),
      ...{ retrieved: () => {}, cache: () => {} },
    };
    const whole: WorkflowEnd = { outcome: 'done', code: null, traceId: null, ...end };
    countEnd(workflowType, 250, whole, { metrics, meter });
    return { queries, page: samplesIn(await metrics.page()) };
  }

  test('count a book once, with its chunks and bytes', async () => {
    const { page } = await told('ingestBook', {
      input: { bytes: 900 },
      result: { outcome: 'ingested', chunks: 4 },
    });
    expect(page.value('ingestion_books_total', { outcome: 'ingested' })).toBe(1);
    expect(page.value('ingestion_chunks_total')).toBe(4);
    expect(page.value('ingestion_bytes_total')).toBe(900);
  });

  test('count a book that failed, and nothing of its content', async () => {
    const { page } = await told('ingestBook', { outcome: 'failed', code: 'NO_TEXT', input: { bytes: 900 } });
    expect(page.value('ingestion_books_total', { outcome: 'failed' })).toBe(1);
    expect(page.value('ingestion_bytes_total')).toBe(0);
  });

  test('tell of a question what was asked, and how long it took', async () => {
    const { queries } = await told('searchLibrary', {
      input: { query: 'lamps', library: 'sea', topK: 3 },
      result: { hits: [{}, {}], timings: { embed: 4, search: 9 } },
      traceId: 'f00',
    });
    expect(queries).toEqual([
      {
        ...{ kind: 'search', outcome: 'done', code: null, text: 'lamps', results: 2, totalMs: 250 },
        ...{ filters: { library: 'sea', topK: 3 }, timings: { embed: 4, search: 9 }, traceId: 'f00' },
      },
    ]);
  });

  test('tell why a model did not write its answer', async () => {
    const { queries } = await told('answerQuestion', {
      input: { question: 'Who?' },
      result: { citations: [{}], timings: { model: 900 }, fallback: { code: 'ANSWER_MODEL_UNREACHABLE' } },
    });
    expect(queries).toMatchObject([
      { outcome: 'done', code: 'ANSWER_MODEL_UNREACHABLE', results: 1, timings: { model: 900 } },
    ]);
  });

  test('tell of a question that failed, too', async () => {
    const { queries } = await told('answerQuestion', {
      ...{ outcome: 'failed', code: 'LIBRARY_NOT_FOUND', input: { question: 'Who?', topK: 3 } },
    });
    expect(queries).toMatchObject([
      { kind: 'answer', outcome: 'failed', code: 'LIBRARY_NOT_FOUND', results: 0 },
    ]);
  });
});
