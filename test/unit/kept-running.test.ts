import { expect, test } from '@jest/globals';
import { keptRunning } from '../../client/cli/kept-running.ts';
import { spawnNode } from '../helpers/child-process.ts';

const KILLED = `process.kill(process.pid, 'SIGKILL');`;
const ended = (code: number): string => `process.exit(${code});`;

/** Runs one after the other for as long as another is wanted. */
async function run(programs: readonly string[], told = new AbortController().signal) {
  let started = 0;
  const start = () => spawnNode(programs[started++] ?? ended(99));
  return { code: await keptRunning(start, { told, restartMs: 50 }), started };
}

test('a worker that makes way, or was killed, is followed by another', async () => {
  expect(await run([ended(75), KILLED, ended(75), ended(0)])).toEqual({ code: 0, started: 4 });
});

test('one that fails is not', async () => {
  expect(await run([ended(1)])).toEqual({ code: 1, started: 1 });
});

test.each([ended(75), KILLED])('one that was told to end is not, however it ends: %s', async (program) => {
  const { started } = await run([program], AbortSignal.abort());
  expect(started).toBe(1);
});

test('who tells it to end while a killed one waits for another waits no longer', async () => {
  const told = new AbortController();
  let started = 0;
  const start = () => {
    started += 1;
    return spawnNode(KILLED);
  };
  const running = keptRunning(start, { told: told.signal, restartMs: 600_000 });
  setTimeout(() => told.abort(), 500);
  expect(await running).toBe(1);
  expect(started).toBe(1);
});
