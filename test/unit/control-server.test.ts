import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import {
  askAlive,
  askStack,
  type StackState,
  type StackStatus,
  stopStack,
} from '../../client/stack-state.ts';
import { type ControlServer, startControlServer } from '../../workers/supervisor/control-server.ts';
import '../helpers/any-realm.ts';

const STATUS: StackStatus = {
  phase: 'ready',
  problem: null,
  parts: [{ name: 'temporal', address: '127.0.0.1:7233', healthy: true, detail: 'ünïcode' }],
};

const PATHS = [
  ['GET', '/status'],
  ['POST', '/down'],
  ['GET', '/'],
] as const;

describe('the control service', () => {
  test('answers on loopback only', async () => {
    await using stack = await running();
    expect(new URL(stack.server.url).hostname).toBe('127.0.0.1');
  });

  test('tells the client of the stack, and lets it stop the stack', async () => {
    await using stack = await running();
    expect(await askStack(stateOf(stack.server))).toEqual(STATUS);
    expect(stack.stops()).toBe(0);
    expect(await stopStack(stateOf(stack.server))).toBe(true);
    expect(stack.stops()).toBe(1);
  });

  test.each(PATHS)('refuses %s %s to who does not know the secret', async (method, path) => {
    await using stack = await running();
    const { url, token } = stack.server;
    const wrong = [...token].reverse().join('');
    const headers = [undefined, '', 'Bearer', 'Bearer ', token, `Bearer ${wrong}`, `Bearer ${token}x`];
    headers.push(
      `Bearer ${token.slice(0, -1)}`,
      `bearer ${token}`,
      `Basic ${token}`,
      `Bearer ${'ü'.repeat(32)}`,
    );
    for (const authorization of headers) {
      const response = await fetch(url + path, {
        method,
        headers: authorization === undefined ? {} : [['authorization', authorization]],
      });
      expect(response.status).toBe(401);
      expect(await response.text()).toBe('');
    }
    expect(stack.stops()).toBe(0);
  });

  test.each([
    ['GET', '/down'],
    ['POST', '/status'],
    ['GET', '/status/../down'],
    ['GET', '/'],
    ['DELETE', '/down'],
  ])('knows no %s %s', async (method, path) => {
    await using stack = await running();
    const { url, token } = stack.server;
    const response = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(404);
    expect(stack.stops()).toBe(0);
  });

  test('has another secret at every start, too long to guess', async () => {
    await using first = await running();
    await using second = await running();
    expect(first.server.token).not.toBe(second.server.token);
    expect(first.server.token.length).toBeGreaterThanOrEqual(32);
  });

  test('goes on when a look at the parts fails', async () => {
    let broken = true;
    await using stack = await running(async () => {
      if (broken) throw new Error('a part broke');
      return STATUS;
    });
    expect(await askStack(stateOf(stack.server))).toBeNull();
    broken = false;
    expect(await askStack(stateOf(stack.server))).toEqual(STATUS);
  });

  test.each(['it works', '{"phase":"asleep"}', ''])(
    'is not taken for another program that has its port by now and says %j',
    async (said) => {
      const other = createServer((_, response) => response.end(said));
      await once(other.listen(0, '127.0.0.1'), 'listening');
      try {
        const address = other.address();
        const port = typeof address === 'object' ? address?.port : 0;
        const state = stateOf({ url: `http://127.0.0.1:${port}`, token: 'x' });
        expect([await askAlive(state), await askStack(state)]).toEqual([null, null]);
      } finally {
        other.close();
      }
    },
  );

  test('is gone once it is closed, even while an answer is awaited', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const stack = await running(() => {
      resolve();
      return new Promise(() => {});
    });
    const state = stateOf(stack.server);
    const asking = askStack(state);
    await asked;
    await stack[Symbol.asyncDispose]();
    expect(await asking).toBeNull();
    expect(await askStack(state)).toBeNull();
    expect(await stopStack(state)).toBe(false);
  });
});

async function running(status: () => Promise<StackStatus> = async () => STATUS) {
  let stops = 0;
  const down = (): void => {
    stops += 1;
  };
  const server = await startControlServer({ alive: () => STATUS, status, down });
  return { server, stops: () => stops, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function stateOf({ url, token }: Pick<ControlServer, 'url' | 'token'>): StackState {
  return {
    ...{ pid: 1, controlUrl: url, token },
    ...{ temporalAddress: null, namespace: 'n', uiUrl: null, temporalPid: null, httpUrl: null },
  };
}
