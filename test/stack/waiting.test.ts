/** A run that no worker takes up: the built command says so, and what to do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { samples, TestHome } from '../helpers/scriptorium.ts';
import { startTemporal } from '../helpers/temporal.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await startTemporal();
}, 120_000);
afterAll(async () => await env?.teardown());

test('an ingestion says that it waits for a worker, and Ctrl-C ends only the watching', async () => {
  await using home = await TestHome.create({ TEMPORAL_ADDRESS: env.address, TEMPORAL_NAMESPACE: 'default' });
  const child = home.start('ingest', samples);
  let said = '';
  let interrupted = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (!said.includes('No worker serves') || interrupted) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
  expect(said).toContain('scriptorium worker --queues main,documents,embed');
  expect(said).toContain('goes on in the background as ingest/default');
}, 60_000);
