/** MCP takes no more of the server than anything else that a key may do. */
import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import type { McpHandler } from '../../../client/mcp/http.ts';
import { eventually } from '../../helpers/eventually.ts';
import { testServer } from '../../helpers/http-server.ts';

const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask' } };
const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };

test('calls and streams of MCP count as open streams while they are answered; what ends them gets in always', async () => {
  const open: ServerResponse[] = [];
  const mcp: McpHandler = {
    handleMcp: async (_, response) => void open.push(response),
    sessions: 0,
    endSessionsOf: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  await using server = await testServer({ parts: { mcp }, limits: { streams: 2 } });
  const url = `http://127.0.0.1:${await server.listen()}/mcp`;
  const headers = { 'content-type': 'application/json' };
  const send = async (method: string, message?: object): Promise<number> => {
    const body = message ? { body: JSON.stringify(message), headers } : {};
    return (await fetch(url, { method, ...body })).status;
  };
  const arrived = async (count: number) => await eventually(() => open.length === count);
  const stream = send('GET');
  await arrived(1);
  const called = send('POST', call);
  await arrived(2);
  expect(await send('POST', call)).toBe(429);
  expect(await send('GET')).toBe(429);
  const cancelled = send('POST', cancel);
  await arrived(3);
  const ended = send('DELETE');
  await arrived(4);
  for (const response of open) response.end();
  expect(await Promise.all([stream, called, cancelled, ended])).toEqual([200, 200, 200, 200]);
  const again = send('POST', call);
  await arrived(5);
  open.at(-1)?.end();
  expect(await again).toBe(200);
});
