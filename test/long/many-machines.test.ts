/**
 * Two machines with nothing in common but Temporal, Qdrant and a bucket: each has a home and a loopback address of its own. What
 * one of them began, the other one finishes.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { S3Artifacts } from '../../activities/adapters/s3/s3-artifacts.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import '../helpers/any-realm.ts';
import { eventually } from '../helpers/eventually.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { type StandIn, startQdrantStandIn } from '../helpers/qdrant-stand-in.ts';
import { type S3Server, startS3Server } from '../helpers/s3-server.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { descendantsOf, endProcess } from '../helpers/stack-processes.ts';
import { startTemporal } from '../helpers/temporal.ts';

const PREFIX = 'machines/';
const BATCH = 8;
/** Some seconds of embedding. */
const CHAPTERS = 150;

let temporal: TestWorkflowEnvironment;
let s3: S3Server;
let qdrant: StandIn;
beforeAll(async () => {
  [temporal, s3, qdrant] = await Promise.all([startTemporal(), startS3Server(), startQdrantStandIn()]);
}, 300_000);
afterAll(async () => {
  await Promise.all([temporal.teardown(), s3[Symbol.asyncDispose](), qdrant.stop()]);
}, 60_000);

test('a book whose machine dies while it is embedded is finished by another one, which repeats nothing', async () => {
  await using first = await machine('127.0.0.2');
  await using second = await machine('127.0.0.3');
  using bucket = await openBucket();
  const book = join(first.home.folder, 'long.txt');
  await writeLongBook(book, CHAPTERS);
  const { address } = temporal;
  await using client = await ScriptoriumClient.connect({ address, namespace: 'default' });
  first.start();
  const run = await client.ingest([book]);
  await eventually(async () => (await vectorsIn(bucket)) > 2 * BATCH);
  await first.kill();
  const left = await finished(bucket);
  expect(left.map(({ key }) => key.split('/')[0])).toEqual(['chunks', 'manifests', 'pages']);

  second.start();
  const result = await run.result();
  expect(result.books).toMatchObject({ total: 1, ingested: 1, failed: 0 });
  const [before, after] = [first.batches(), second.batches()];
  expect(before.length).toBeGreaterThan(0);
  expect(after.length).toBeGreaterThan(0);
  // Behind the last checkpoint: what was on its way when the machine died is all that may come twice.
  const end = Math.max(...before.map(({ to }) => to));
  expect(after[0]?.from).toBeGreaterThanOrEqual(end);
  expect(after[0]?.from).toBeLessThanOrEqual(end + BATCH);
  expect(after.at(-1)?.to).toBe(result.chunks);
  const now = await finished(bucket);
  expect(now.map(({ key }) => key.split('/')[0])).toEqual(['chunks', 'manifests', 'pages', 'vectors']);
  expect(now).toEqual(expect.arrayContaining(left));
  for (const { home } of [first, second]) expect(existsSync(home.paths.artifacts)).toBe(false);

  const doctor = doctorReport.parse((await second.home.json('doctor')).result);
  expect(doctor.checks).toContainEqual({
    ...{ name: 'artifacts', state: 'ok', remedy: null },
    detail: `s3://${s3.bucket}/${PREFIX} at ${s3.url}, which can be written to`,
  });
}, 240_000);

test('queues are on machines of their own: the one that embeds needs no book', async () => {
  await using reads = await machine('127.0.0.4');
  await using embeds = await machine('127.0.0.5', { SCRIPTORIUM_LIBRARY_ROOTS: '/usr' });
  const folder = join(reads.home.folder, 'books');
  await mkdir(folder);
  for (const name of ['one', 'two', 'three'])
    await writeFile(join(folder, `${name}.txt`), `The keeper of lamp ${name} wrote this. `.repeat(900));
  reads.start('--queues', 'main,documents');
  embeds.start('--queues', 'embed');
  const { address } = temporal;
  await using client = await ScriptoriumClient.connect({ address, namespace: 'default' });
  const result = await (await client.ingest([folder], { library: 'lamps' })).result();
  expect(result.books).toMatchObject({ total: 3, ingested: 3, failed: 0 });
  expect(reads.batches()).toEqual([]);
  const embedded = embeds.batches().reduce((sum, { from, to }) => sum + to - from, 0);
  expect(embedded).toBe(result.chunks);
  const { points, faults } = await client.verify({ library: 'lamps' });
  expect({ points, faults }).toEqual({ points: result.chunks, faults: [] });
}, 240_000);

const doctorReport = z.object({ checks: z.array(z.object({ name: z.string() }).loose()) });

/** A home, an address, and at most one worker. */
async function machine(host: string, env: Record<string, string> = {}) {
  const home = await TestHome.create({
    ...{ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default', QDRANT_URL: qdrant.url },
    ...{ SCRIPTORIUM_ARTIFACTS: `s3://${s3.bucket}/${PREFIX}`, ...s3.env },
    ...{ SCRIPTORIUM_METRICS_ADDRESS: `${host}:0`, SCRIPTORIUM_EMBED_BATCH: String(BATCH) },
    SCRIPTORIUM_LOG_LEVEL: 'debug',
    ...env,
  });
  let log = '';
  let pid = 0;
  const kill = async (): Promise<void> => {
    if (pid > 0) for (const each of [pid, ...(await descendantsOf(pid))]) endProcess(each);
  };
  return {
    home,
    kill,
    start: (...flags: string[]) => {
      const child = home.start('worker', ...flags);
      pid = child.pid ?? 0;
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    },
    batches: () => log.split('\n').flatMap(batchIn),
    [Symbol.asyncDispose]: async () => {
      await kill();
      await home[Symbol.asyncDispose]();
    },
  };
}

const batch = z.object({ msg: z.literal('chunks embedded'), from: z.number(), to: z.number() });

/** From the log line that follows each checkpoint. */
function batchIn(line: string): z.infer<typeof batch>[] {
  if (!line.includes('chunks embedded')) return [];
  return [batch.parse(JSON.parse(line))];
}

async function openBucket(): Promise<S3Artifacts> {
  return await S3Artifacts.open({
    ...{ bucket: s3.bucket, prefix: PREFIX, endpoint: s3.url, credentials: s3.credentials },
    ...{ region: 'us-east-1', pathStyle: true, timeoutMs: 10_000 },
  });
}

/** Vectors that are in checkpoints. */
async function vectorsIn(bucket: S3Artifacts): Promise<number> {
  const all = await Array.fromAsync(bucket.list());
  const partial = all.find(({ key, partialOf }) => key.startsWith('vectors/') && partialOf !== null);
  return Math.floor((partial?.bytes ?? 0) / VECTOR_BYTES);
}

/** 384 numbers of four bytes, and the record's head. */
const VECTOR_BYTES = 384 * 4 + 12;

async function finished(bucket: S3Artifacts) {
  const all = await Array.fromAsync(bucket.list());
  return all.filter(({ partialOf }) => partialOf === null).sort((a, b) => a.key.localeCompare(b.key));
}
