/** What stands in the log, and what must never stand there. */
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { QueryEnd } from '../../activities/ports/telemetry.ts';
import { createLogger, type LogOptions, secretsIn } from '../../workers/log.ts';
import { createMetrics } from '../../workers/telemetry/metrics.ts';
import { createMeter, SlowLog } from '../../workers/telemetry/query-meter.ts';
import { searchInput } from '../../workflows/contract.ts';

function logged(options: LogOptions = {}) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, logger: createLogger('info', 'test', { ...options, destination }) };
}

const env = {
  OPENAI_API_KEY: 'sk-live-0123456789',
  QDRANT_API_KEY: 'qdrant "quoted" key',
  TEMPORAL_API_KEY: 'temporal-key-1',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic dXNlcjpwYXNz,x-tenant=books-tenant',
};

describe('the log', () => {
  test('holds no secret of the environment, wherever it turns up', () => {
    const { lines, logger } = logged({ secrets: secretsIn(env) });
    logger.error({ error: new Error(`401: Incorrect API key: ${env.OPENAI_API_KEY}`) }, 'refused');
    logger.warn({ deep: { down: { there: env.QDRANT_API_KEY } } }, `key ${env.TEMPORAL_API_KEY}`);
    logger.info({ headers: env.OTEL_EXPORTER_OTLP_HEADERS }, 'sending');
    const text = lines.join('');
    expect(lines).toHaveLength(3);
    for (const secret of ['0123456789', 'quoted', 'temporal-key', 'dXNlcjpwYXNz', 'books-tenant'])
      expect(text).not.toContain(secret);
    expect(text.match(/\[Redacted\]/g)?.length).toBeGreaterThanOrEqual(5);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  test('holds no field that is named like a secret', () => {
    const { lines, logger } = logged();
    logger.info({ apiKey: 'k', endpoint: { token: 't', authorization: 'Bearer b' } }, 'asked');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      apiKey: '[Redacted]',
      endpoint: { token: '[Redacted]', authorization: '[Redacted]' },
    });
  });

  test('leaves short values alone, which are words as well', () => {
    const { lines, logger } = logged({ secrets: secretsIn({ OPENAI_API_KEY: 'none' }) });
    logger.info('none of them');
    expect(lines[0]).toContain('none of them');
  });

  test('tells of the trace that a line belongs to', () => {
    const { lines, logger } = logged({ mixin: () => ({ trace_id: 'abc' }) });
    logger.info('hello');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'hello', trace_id: 'abc' });
  });
});

describe('the log of slow questions', () => {
  const question: QueryEnd = {
    ...{
      kind: 'answer',
      outcome: 'done',
      code: null,
      text: 'Who kept the lamp?',
      filters: { library: 'sea' },
    },
    ...{ results: 3, totalMs: 201, timings: { embed: 12, search: 150 }, traceId: 'f00' },
  };

  function slowLog(text: 'plain' | 'hash', ...ends: readonly QueryEnd[]) {
    const { lines, logger } = logged();
    const meter = createMeter(createMetrics(), new SlowLog({ thresholdMs: 200, text }, logger));
    for (const end of ends) meter.query(end);
    return lines.map((line): unknown => JSON.parse(line));
  }

  test('holds what took longer than the threshold: text, filters, results, stages and trace', () => {
    expect(slowLog('plain', question, { ...question, totalMs: 200 })).toEqual([
      expect.objectContaining({
        ...{ msg: 'slow query', query: 'Who kept the lamp?', filters: { library: 'sea' }, results: 3 },
        ...{ totalMs: 201, timings: { embed: 12, search: 150 }, trace_id: 'f00' },
      }),
    ]);
  });

  test('holds the hash of the text instead, where that is configured', () => {
    const [entry] = slowLog('hash', question);
    expect(JSON.stringify(entry)).not.toContain('lamp');
    expect(entry).toMatchObject({ querySha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test('holds and keeps nothing then that was typed into a filter', () => {
    const { query: text, ...asked } = searchInput.parse({
      ...{
        query: question.text,
        library: 'sea',
        filters: { author: 'Secret Person', title: 'Private', language: 'en' },
      },
    });
    const { lines, logger } = logged();
    const log = new SlowLog({ thresholdMs: 200, text: 'hash' }, logger);
    log.see({ ...question, text, filters: asked });
    const told = JSON.stringify([lines, log.latest]);
    expect(told).not.toMatch(/Secret|Private|lamp/);
    expect(log.latest).toMatchObject([
      {
        text: null,
        filters: { library: 'sea', filters: { author: 'given', title: 'given', language: 'en' } },
      },
    ]);
  });
});
