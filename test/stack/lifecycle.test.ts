/** The local stack: started, found, killed at its parts, and stopped. */

import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import getPort from 'get-port';
import { z } from 'zod';
import { askAlive, askStack, readStackState } from '../../client/stack-state.ts';
import { workerFlags } from '../../client/worker-flags.ts';
import { eventually } from '../helpers/eventually.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { commandLineOf, temporalPid, workerPids } from '../helpers/stack-processes.ts';

const status = z.object({
  parts: z.array(
    z.object({ name: z.string(), address: z.string().nullable(), healthy: z.boolean(), detail: z.string() }),
  ),
  runs: z.array(z.unknown()),
});
const up = z.object({ pid: z.number(), temporalAddress: z.string(), uiUrl: z.string() });

let home: TestHome;
let pid: number;
/** Fixed, as a person sets it for Prometheus: both processes are to be had. */
let metricsPort: number;

beforeAll(async () => {
  metricsPort = await getPort();
  home = await TestHome.create({ SCRIPTORIUM_METRICS_ADDRESS: `127.0.0.1:${metricsPort}` });
  const { code, result } = await home.json('up', '--detach');
  expect(code).toBe(0);
  pid = up.parse(result).pid;
}, 300_000);
afterAll(async () => await home[Symbol.asyncDispose](), 60_000);

async function partsNow() {
  const { result } = await home.json('status');
  return new Map(status.parse(result).parts.map((part) => [part.name, part]));
}

describe('a stack that is up', () => {
  test('tells of each part its address and health', async () => {
    const parts = await partsNow();
    expect([...parts.keys()].sort()).toEqual([
      ...['http', 'http metrics', 'metrics', 'store', 'temporal', 'temporal-ui', 'workers'],
    ]);
    expect(parts.get('metrics')?.address).toContain(`:${metricsPort}/`);
    expect(parts.get('http metrics')?.address).toContain(`:${metricsPort + 1}/`);
    for (const part of parts.values()) expect(part).toMatchObject({ healthy: true });
    const ui = await fetch(parts.get('temporal-ui')?.address ?? '');
    expect(ui.status).toBe(200);
  }, 30_000);

  test('is found by a second `up`', async () => {
    const { code, result } = await home.json('up', '--detach');
    expect(code).toBe(0);
    expect(up.parse(result).pid).toBe(pid);
  }, 30_000);

  test('tells whoever reads no more nothing more, and complains of nothing', async () => {
    const child = home.start('status');
    child.stdout?.destroy();
    let complaint = '';
    child.stderr?.on('data', (piece: Buffer) => (complaint += piece.toString()));
    const [code] = await once(child, 'close');
    expect({ code, complaint }).toEqual({ code: 141, complaint: '' });
  }, 30_000);

  test('keeps its secret to its owner, and answers nobody without it', async () => {
    const state = await readStackState(home.paths.stackFile);
    expect(state).not.toBeNull();
    if (!state) return;
    expect((await stat(home.paths.stackFile)).mode & 0o777).toBe(0o600);
    expect(await askStack({ ...state, token: 'guessed' })).toBeNull();
  });

  test('runs workers whose heaps are bounded', async () => {
    const lines = await Promise.all((await workerPids(home.paths.stackFile)).map(commandLineOf));
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain(` ${workerFlags.join(' ')} `);
  });

  test('starts workers again that were killed', async () => {
    const before = await workerPids(home.paths.stackFile);
    expect(before).toHaveLength(2);
    for (const worker of before) process.kill(worker, 'SIGKILL');
    await eventually(async () => {
      const pids = await workerPids(home.paths.stackFile);
      return pids.length === 2 && !pids.some((pid) => before.includes(pid));
    });
    for (const name of ['workers', 'http'])
      await eventually(async () => (await partsNow()).get(name)?.detail.includes('started again 1 times'));
  }, 60_000);

  test('starts a Temporal server again that was killed, at the same address', async () => {
    const before = await temporalPid(home.paths.stackFile);
    const address = (await partsNow()).get('temporal')?.address;
    process.kill(before ?? 0, 'SIGKILL');
    await eventually(async () => (await temporalPid(home.paths.stackFile)) !== before);
    await eventually(async () => (await partsNow()).get('temporal')?.healthy);
    expect((await partsNow()).get('temporal')?.address).toBe(address);
  }, 60_000);
});

describe('after kill -9 of the supervisor', () => {
  test('the next `up` ends what was left, and starts anew on the same data', async () => {
    const orphan = await temporalPid(home.paths.stackFile);
    process.kill(pid, 'SIGKILL');
    const { code, result } = await home.json('up', '--detach');
    expect(code).toBe(0);
    expect(up.parse(result).pid).not.toBe(pid);
    pid = up.parse(result).pid;
    expect(() => process.kill(orphan ?? 0, 0)).toThrow();
  }, 120_000);
});

describe('a stack that is stopping', () => {
  test('is waited for by `up`, which starts another one', async () => {
    const down = home.run('down');
    await eventually(async () => {
      const state = await readStackState(home.paths.stackFile);
      return (state && (await askAlive(state)))?.phase !== 'ready';
    });
    const { code, result } = await home.json('up', '--detach');
    expect((await down).code).toBe(0);
    expect(code).toBe(0);
    expect(up.parse(result).pid).not.toBe(pid);
    pid = up.parse(result).pid;
    for (const part of (await partsNow()).values()) expect(part).toMatchObject({ healthy: true });
  }, 120_000);
});

describe('a stack that is starting', () => {
  test('is waited for by a second `up`', async () => {
    await home.run('down');
    const [one, other] = await Promise.all([home.json('up', '--detach'), home.json('up', '--detach')]);
    expect([one.code, other.code]).toEqual([0, 0]);
    expect(up.parse(one.result)).toEqual(up.parse(other.result));
    pid = up.parse(one.result).pid;
  }, 120_000);
});

describe('down', () => {
  test('ends what a supervisor that was killed has left', async () => {
    const orphan = (await temporalPid(home.paths.stackFile)) ?? 0;
    process.kill(pid, 'SIGKILL');
    expect(await home.json('down')).toEqual({ code: 0, result: { stopped: true } });
    // Its parent is gone; whoever has taken it over lets go of it in a moment.
    await eventually(async () => (await commandLineOf(orphan)) === '');
    expect(await readStackState(home.paths.stackFile)).toBeNull();
    pid = up.parse((await home.json('up', '--detach')).result).pid;
  }, 120_000);

  test('stops every process, and the next `up` steps over ports that others hold', async () => {
    const processes = [
      pid,
      await temporalPid(home.paths.stackFile),
      ...(await workerPids(home.paths.stackFile)),
    ];
    expect((await home.run('down')).code).toBe(0);
    for (const process_ of processes) expect(() => process.kill(process_ ?? 0, 0)).toThrow();
    const holder = await holdPort(7233);
    const { result } = await home.json('up', '--detach');
    holder?.close();
    expect(up.parse(result).temporalAddress).not.toMatch(/:7233$/);
  }, 120_000);

  test('is no error when nothing is up', async () => {
    await home.run('down');
    expect(await home.json('down')).toEqual({ code: 0, result: { stopped: false } });
    expect((await home.json('status')).code).toBe(1);
  }, 60_000);
});

/** Null when someone else holds it already, which serves as well. */
function holdPort(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
