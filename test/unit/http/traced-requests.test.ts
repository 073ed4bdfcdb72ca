/** A caller's trace goes on in what the server does for it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { startTracing, type Tracing } from '../../../client/tracing.ts';
import { testServer } from '../../helpers/http-server.ts';

let tracing: Tracing | null = null;
beforeAll(async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
  tracing = await startTracing(env, { serviceName: 'test', sendWithinMs: 1, onLost: () => {} });
});
afterAll(async () => await tracing?.[Symbol.asyncDispose]());

/** The trace in which the server searches. */
async function traceOf(headers: Record<string, string>): Promise<string | undefined> {
  let traceId: string | undefined;
  const search = async () => {
    traceId = trace.getActiveSpan()?.spanContext().traceId;
    return { hits: [], timings: {} };
  };
  await using server = await testServer({ service: { search } });
  const { statusCode } = await server.app.inject({
    ...{ method: 'POST', url: '/api/v1/search', payload: { query: 'lamp' } },
    headers: { host: 'localhost:8720', ...headers },
  });
  expect(statusCode).toBe(200);
  return traceId;
}

const traceId = '0af7651916cd43dd8448eb211c80319c';

test('a request with `traceparent` belongs to the trace that it names', async () => {
  expect(await traceOf({ traceparent: `00-${traceId}-b7ad6b7169203331-01` })).toBe(traceId);
});

test.each([
  ['none', {}],
  ['one that makes no sense', { traceparent: 'nonsense' }],
])('a request with %s is answered as ever', async (_, headers) => {
  expect(await traceOf(headers)).toBeUndefined();
});
