/** What is seen of a book and of a question, by a real receiver; and `/metrics` after a session, held against what was done. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { connectTemporal } from '../../client/connection.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { ingestLibraryId } from '../../workflows/contract.ts';
import { eventually } from '../helpers/eventually.ts';
import { OtlpReceiver, type ReceivedSpan } from '../helpers/otlp-receiver.ts';
import { type Samples, samplesIn } from '../helpers/prometheus-text.ts';
import { type Outcome, TestHome } from '../helpers/scriptorium.ts';
import { endProcess, workerPids } from '../helpers/stack-processes.ts';
import { bundleWorkflows } from '../helpers/temporal.ts';
import { writeWaterfall } from '../helpers/waterfall.ts';

const question = 'Why does the Tolland Low lighthouse stand on rails?';

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  await buildSamples();
}, 120_000);

describe('with a collector', () => {
  let receiver: OtlpReceiver;
  let home: TestHome;
  let client: Client;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    home = await TestHome.create({
      ...receiver.env,
      ...{ SCRIPTORIUM_METRICS_ADDRESS: '127.0.0.1:0', SCRIPTORIUM_SLOW_QUERY_MS: '0' },
    });
    expect((await home.run('up', '--detach')).code).toBe(0);
    client = await connectTemporal({ env: home.env });
  }, 300_000);
  afterAll(async () => {
    await client.connection.close();
    await home[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  }, 60_000);

  /** The trace of the last command of this name, once the last of its spans, which end at about the same time, have come. */
  async function traceOf(command: string, ...last: string[]): Promise<readonly ReceivedSpan[]> {
    return await receiver.until((spans) => {
      const root = spans.findLast(({ name }) => name === `scriptorium ${command}`);
      const own = spans.filter(({ traceId }) => traceId === root?.traceId);
      return last.every((name) => named(own, name).length > 0) ? own : undefined;
    });
  }

  test('a book is one trace: all stages under the command, with attributes', async () => {
    const book = join(booksFolder, 'letters-from-the-salt-road.txt');
    expect((await home.run('ingest', book)).code).toBe(0);
    const spans = await traceOf('ingest', 'ingest.library', 'ingest.book');
    await writeWaterfall('book', spans);
    expect(rootsOf(spans)).toEqual(['scriptorium ingest']);
    const stages = ['scan', 'extract', 'chunk', 'embed', 'upsert', 'verify', 'commit'];
    for (const stage of stages) {
      const [span, ...more] = named(spans, `ingest.${stage}`);
      expect({ stage, more }).toEqual({ stage, more: [] });
      expect(span && pathOf(span, spans)).toEqual(
        expect.arrayContaining(['ingest.library', 'scriptorium ingest']),
      );
      if (stage !== 'scan') {
        expect(span && pathOf(span, spans)).toContain('ingest.book');
        expect(span?.attributes).toMatchObject({
          ...{ 'scriptorium.book.id': expect.any(String), 'scriptorium.attempt': 1 },
          temporalWorkflowId: expect.stringContaining('ingest/default/'),
        });
      }
    }
    const [whole] = named(spans, 'ingest.book');
    const chunks = Number(whole?.attributes['scriptorium.chunks']);
    expect(chunks).toBeGreaterThan(1);
    expect(whole?.attributes).toMatchObject({
      ...{ 'scriptorium.library': 'default', 'scriptorium.book.path': book, 'scriptorium.outcome': 'done' },
    });
    const models = named(spans, 'embeddings all-MiniLM-L6-v2');
    expect(sum(models.map(({ attributes }) => Number(attributes['scriptorium.batch.size'])))).toBe(chunks);
    expect(models[0]?.attributes).toMatchObject({ 'gen_ai.operation.name': 'embeddings' });
    const upserts = named(spans, 'upsert passages');
    expect(sum(upserts.map(({ attributes }) => Number(attributes['db.operation.batch.size'])))).toBe(chunks);
    expect(upserts[0]?.attributes).toMatchObject({ 'db.system.name': 'lancedb' });
    expect(spans.filter(({ failed }) => failed)).toEqual([]);
  }, 120_000);

  test('a question is one trace: all stages under the command, with attributes, and without its text', async () => {
    expect((await home.run('ask', question)).code).toBe(0);
    const spans = await traceOf('ask', 'query.answer');
    await writeWaterfall('question', spans);
    expect(rootsOf(spans)).toEqual(['scriptorium ask']);
    for (const stage of ['query.embed', 'query.search', 'query.generate']) {
      const found = named(spans, stage);
      expect(found.length).toBeGreaterThan(0);
      for (const span of found)
        expect(pathOf(span, spans)).toEqual(expect.arrayContaining(['query.answer', 'scriptorium ask']));
    }
    const [answer] = named(spans, 'query.answer');
    for (const stage of ['query.retrieve', 'query.generate']) {
      const [{ startMs = 0, endMs = Number.NaN } = {}] = named(spans, stage);
      // The clocks of a workflow and of a log have milliseconds.
      expect(startMs).toBeGreaterThanOrEqual((answer?.startMs ?? Number.NaN) - 2);
      expect(endMs).toBeLessThanOrEqual((answer?.endMs ?? Number.NaN) + 2);
    }
    expect(named(spans, 'query.search')[0]?.attributes).toMatchObject({
      ...{ 'db.system.name': 'lancedb', 'db.collection.name': 'passages' },
      'db.response.returned_rows': expect.any(Number),
    });
    expect(named(spans, 'query.embed')[0]?.attributes).toMatchObject({
      ...{ 'gen_ai.operation.name': 'embeddings', 'gen_ai.request.model': 'all-MiniLM-L6-v2' },
    });
    expect(JSON.stringify(spans)).not.toContain('Tolland');
  }, 60_000);

  test('the log of slow questions names its trace, its stages and its results', async () => {
    const [span] = await traceOf('ask', 'query.answer');
    const lines = (await readFile(join(home.paths.logs, 'http.log'), 'utf8')).split('\n');
    const entries = lines
      .filter((line) => line.includes('slow query'))
      .map((line): unknown => JSON.parse(line));
    expect(entries).toContainEqual(
      expect.objectContaining({
        ...{ query: question, kind: 'answer', outcome: 'done', trace_id: span?.traceId },
        timings: expect.objectContaining({ embed: expect.any(Number), dense: expect.any(Number) }),
        results: expect.any(Number),
      }),
    );
  });

  test('replays of their histories add no span, in a test and in the workers', async () => {
    const ids = [...new Set((await closed(client)).map(({ workflowId }) => workflowId))];
    const before = receiver.spans.length;
    const workflowBundle = await bundleWorkflows({ traced: true });
    let exported = 0;
    const sinks = {
      exporter: { export: { fn: () => void exported++ } },
      ends: { told: { fn: () => void exported++ } },
    };
    expect(ids.length).toBeGreaterThanOrEqual(3);
    for (const id of ids)
      await Worker.runReplayHistory(
        { workflowBundle, sinks },
        await client.workflow.getHandle(id).fetchHistory(),
      );
    expect(exported).toBe(0);

    // The workers forget everything, and read a history again to answer a query.
    for (const pid of await workerPids(home.paths.stackFile)) endProcess(pid);
    await untilAnswered(() => client.workflow.getHandle(ingestLibraryId('default')).query('runProgress'));
    const replayed = receiver.spans.slice(before);
    expect((await home.run('ask', question)).code).toBe(0);
    const [last] = await traceOf('ask', 'query.answer');
    const others = receiver.spans.slice(before).filter(({ traceId }) => traceId !== last?.traceId);
    expect([...replayed, ...others].map(({ name }) => name)).toEqual([]);
  }, 400_000);

  test('everything that came was a trace', () => {
    expect(receiver.problems).toEqual([]);
  });
});

describe('with a collector that is gone', () => {
  test('a command says so, and does what it does', async () => {
    await using home = await TestHome.create({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const { code, stdout, stderr } = await home.run('status', '--json');
    await using plain = await TestHome.create();
    expect({ code, stdout }).toEqual(await plain.run('status', '--json').then(resultOf));
    expect(stderr).toContain('the trace could not be sent');
  }, 180_000);
});

describe('/metrics after a session of 100 questions and 10 books', () => {
  let home: TestHome;

  beforeAll(async () => {
    home = await TestHome.create({ SCRIPTORIUM_METRICS_ADDRESS: '127.0.0.1:0' });
    expect((await home.run('up', '--detach')).code).toBe(0);
  }, 300_000);
  afterAll(async () => await home[Symbol.asyncDispose](), 60_000);

  async function scrape(): Promise<Samples> {
    // Of the process that ingests, and of the one that answers.
    const urls = [await home.addressOf('metrics'), `${await home.addressOf('http')}/metrics`];
    const pages = await Promise.all(urls.map(async (url) => await (await fetch(url)).text()));
    return samplesIn(pages.join('\n'));
  }

  test('adds up exactly with what was asked', async () => {
    const folder = join(home.folder, 'books');
    await cp(booksFolder, folder, { recursive: true });
    await mkdir(join(folder, 'broken'));
    await writeFile(join(folder, 'broken', 'empty.txt'), '');
    await writeFile(join(folder, 'broken', 'no.pdf'), 'This is no PDF.');
    await using client = await ScriptoriumClient.connect({ env: home.env });
    const first = await (await client.ingest([folder])).result();
    const again = await (await client.ingest([folder])).result();
    const counts = { asked: 0, searched: 0, refused: 0, hits: 0 };
    for (let n = 0; n < 100; n++) {
      const library = n % 20 === 19 ? 'nowhere' : 'default';
      try {
        if (n % 2 === 0) {
          await client.ask(`What is told of lamp number ${n}?`, { library });
          counts.asked++;
        } else {
          counts.hits += (await client.search(`lamp number ${n}`, { library, topK: 7 })).hits.length;
          counts.searched++;
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'LIBRARY_NOT_FOUND' });
        counts.refused++;
      }
    }
    expect(counts).toMatchObject({ asked: 50, searched: 45, refused: 5 });

    const metrics = await scrape();
    expect(first.books).toMatchObject({ total: 10, ingested: 8, failed: 2 });
    const books = (outcome: string): number => metrics.total('ingestion_books_total', { outcome });
    expect(books('ingested')).toBe(first.books.ingested);
    expect(books('failed')).toBe(first.books.failed + again.books.failed);
    expect(books('unchanged')).toBe(first.books.unchanged + again.books.unchanged);
    expect(books('cancelled')).toBe(0);
    expect(metrics.total('ingestion_chunks_total')).toBe(first.chunks);
    for (const stage of ['chunk', 'embed', 'upsert', 'verify', 'commit'])
      expect([stage, metrics.total('ingestion_stage_duration_seconds_count', { stage })]).toEqual([stage, 8]);
    expect(metrics.total('ingestion_stage_duration_seconds_count', { stage: 'scan' })).toBe(2);

    const queries = (kind: string, outcome: string): number =>
      metrics.total('rag_queries_total', { kind, outcome });
    expect(queries('answer', 'done')).toBe(counts.asked);
    expect(queries('search', 'done')).toBe(counts.searched);
    expect(queries('answer', 'failed') + queries('search', 'failed')).toBe(counts.refused);
    const latency = (stage: string): number => metrics.total('rag_query_latency_seconds_count', { stage });
    expect(latency('total')).toBe(100);
    expect(latency('embed')).toBe(95);
    expect(latency('dense')).toBe(95);
    expect(latency('lexical')).toBe(95);
    expect(latency('generate')).toBe(50);
    expect(metrics.total('rag_chunks_retrieved_count')).toBe(95);
    expect(metrics.total('rag_chunks_retrieved_sum')).toBe(counts.hits + 50 * 10);
    // Every chunk once, every question once.
    expect(metrics.total('embedding_batch_size_sum')).toBe(first.chunks + 95);

    // Temporal's own figures, from the same page, say the same.
    const ended = (type: string): number =>
      metrics.total('temporal_workflow_completed', { workflow_type: type });
    expect(ended('answerQuestion')).toBe(counts.asked);
    expect(ended('searchLibrary')).toBe(counts.searched);
    expect(ended('ingestBook')).toBe(8);
    const jobs = metrics.total('queue_jobs_total', { queue: 'scriptorium-embed', outcome: 'done' });
    expect(jobs).toBe(8);
  }, 300_000);
});

function resultOf({ code, stdout }: Outcome): Pick<Outcome, 'code' | 'stdout'> {
  return { code, stdout };
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] {
  return spans.filter((span) => span.name === name);
}

function rootsOf(spans: readonly ReceivedSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentId }) => parentId === null || !ids.has(parentId)).map(({ name }) => name);
}

/** Names of the spans that it stands below. */
function pathOf({ parentId }: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === parentId);
  return parent ? [parent.name, ...pathOf(parent, spans)] : [];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

async function closed(client: Client) {
  const found = [];
  for await (const workflow of client.workflow.list()) if (workflow.closeTime) found.push(workflow);
  return found;
}

/** Until the workers are there again. */
const untilAnswered = (ask: () => Promise<unknown>) =>
  eventually(() =>
    ask().then(
      () => true,
      () => false,
    ),
  );
