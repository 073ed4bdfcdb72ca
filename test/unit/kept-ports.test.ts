/** A stack that was killed gets its ports back, and no other stack has them meanwhile. */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clearLockedPorts } from 'get-port';
import { keptTemporalPorts } from '../../workers/supervisor/kept-ports.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

async function stacks() {
  const folder = await tempFolder();
  const file = join(folder.path, 'ports.json');
  const [first, second] = [join(folder.path, 'first.json'), join(folder.path, 'second.json')];
  await Promise.all([first, second].map((path) => writeFile(path, '{}')));
  const portsOf = (stackFile: string) => keptTemporalPorts(stackFile, file);
  return { file, first, second, portsOf, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('the ports of a stack', () => {
  test('stay its own while it is down, until `down` takes its file away', async () => {
    await using given = await stacks();
    const mine = await given.portsOf(given.first);
    const other = await given.portsOf(given.second);
    expect(new Set([mine.frontend, mine.ui, other.frontend, other.ui]).size).toBe(4);
    expect(await given.portsOf(given.first)).toEqual(mine);
    await Promise.all([rm(given.first), rm(given.second)]);
    clearLockedPorts();
    const third = join(given.file, '..', 'third.json');
    expect(await given.portsOf(third)).toEqual(mine);
  });

  test('are others when somebody has taken one of them', async () => {
    await using given = await stacks();
    const mine = await given.portsOf(given.first);
    const server = await listenOn(mine.frontend);
    expect((await given.portsOf(given.first)).frontend).not.toBe(mine.frontend);
    server.close();
  });

  test('are found without a register that makes sense', async () => {
    await using given = await stacks();
    await writeFile(given.file, '{"first": 7');
    expect((await given.portsOf(given.first)).frontend).toBeGreaterThan(0);
  });
});
