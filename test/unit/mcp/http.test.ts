/** MCP over streamable HTTP, with the official client, behind a server that lets in whoever says a name. */
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createMcpHandler, type McpHandler } from '../../../client/mcp/http.ts';
import { createMcpServer } from '../../../client/mcp/server.ts';
import { toolCaller } from '../../helpers/mcp-calls.ts';
import { FakeService } from './fake-service.ts';

const service = new FakeService();
let handler: McpHandler;
let server: Server;
let url: URL;

beforeAll(async () => {
  handler = createMcpHandler((principal) => createMcpServer({ service, principal, version: '1' }), {
    ...{ most: 3, mostOfOne: 2 },
  });
  server = createServer(async (request, response) => {
    const name = request.headers.authorization ?? 'nobody';
    const scopes = name === 'reader' ? (['ask'] as const) : (['admin'] as const);
    const principal = { id: name, name, scopes, libraries: null, keyNeeded: true };
    const body = request.method === 'POST' ? await json(request).catch(() => undefined) : undefined;
    await handler.handleMcp(request, response, body, principal);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = new URL(`http://127.0.0.1:${address.port}/mcp`);
});

afterAll(async () => {
  await handler[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function connect(name: string) {
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { authorization: name } },
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return {
    ...{ client, transport, call: toolCaller(client) },
    [Symbol.asyncDispose]: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

function post(
  body: object,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  const accept = 'application/json, text/event-stream';
  return fetch(url, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', authorization: 'anna', ...headers },
    body: JSON.stringify(body),
    signal,
  });
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('MCP over HTTP', () => {
  test('serves tools, with progress, and ends its session', async () => {
    {
      await using to = await connect('anna');
      expect((await to.client.listTools()).tools).toHaveLength(6);
      const heard: unknown[] = [];
      const onprogress = ({ message }: { message?: string | undefined }): void => void heard.push(message);
      const { text } = await to.call('ask', { question: 'What?' }, { onprogress });
      expect(text).toContain('It is wound with a key [1].');
      expect(heard).toEqual(['It is', 'It is wound']);
      expect(handler.sessions).toBe(1);
    }
    expect(handler.sessions).toBe(0);
  });

  test('gives each asker a server of its own rights', async () => {
    await using to = await connect('reader');
    const { tools } = await to.client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain('ingest');
  });

  test('does not know a session of somebody else', async () => {
    await using to = await connect('anna');
    const id = to.transport.sessionId ?? '';
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const own = await post(ping, { 'mcp-session-id': id });
    expect(own.status).toBe(200);
    await own.body?.cancel();
    const other = await post(ping, { 'mcp-session-id': id, authorization: 'bert' });
    expect(other.status).toBe(404);
    expect(await other.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_000 } });
  });

  test('wants a session for everything but its beginning', async () => {
    const response = await post(ping);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringMatching(/^INVALID_ARGUMENT: Mcp-Session-Id is missing/) },
    });
    const gone = await post(ping, { 'mcp-session-id': 'gone' });
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({
      error: { message: expect.stringMatching(/^SESSION_NOT_FOUND: .*Begin a new session/) },
    });
  });

  test('takes one message a request: a batch is refused as a whole', async () => {
    await using to = await connect('anna');
    const batch = [ping, { jsonrpc: '2.0', id: 2, method: 'tools/list' }];
    const response = await post(batch, { 'mcp-session-id': to.transport.sessionId ?? '' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('batches') } });
  });

  test('cancels the call of a client that is gone', async () => {
    await using to = await connect('anna');
    const begun = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<unknown>();
    service.instead.ask = async (_, { signal } = {}) => {
      begun.resolve();
      return await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          cancelled.resolve(signal.reason);
          reject(signal.reason);
        });
      });
    };
    const params = { name: 'ask', arguments: { question: 'What?' } };
    const gone = new AbortController();
    const call = post(
      { jsonrpc: '2.0', id: 7, method: 'tools/call', params },
      { 'mcp-session-id': to.transport.sessionId ?? '' },
      gone.signal,
    ).catch(() => {});
    await begun.promise;
    gone.abort();
    expect(String(await cancelled.promise)).toContain('gone');
    delete service.instead.ask;
    await call;
  });

  test('has so many sessions and no more', async () => {
    await using one = await connect('one');
    await using two = await connect('two');
    await using three = await connect('three');
    expect([one, two, three].every(({ transport }) => transport.sessionId)).toBe(true);
    await expect(connect('four')).rejects.toThrow(/RATE_LIMITED/);
  });
});
