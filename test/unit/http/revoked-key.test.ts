/** What is open for long ends with the key that opened it. */
import { expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { KnownKey } from '../../../client/http/principal.ts';
import { createMcpHandler } from '../../../client/mcp/http.ts';
import { createMcpServer } from '../../../client/mcp/server.ts';
import { eventually } from '../../helpers/eventually.ts';
import { JOB_UUID, jobOf, testServer } from '../../helpers/http-server.ts';
import { FakeService } from '../mcp/fake-service.ts';

const key = (id: string): KnownKey => ({ id, name: id, scopes: ['ask', 'ingest'], libraries: null });
const twoKeys = (): Record<string, KnownKey> => ({ reader: key('reader'), other: key('other') });

const headers = { 'x-api-key': 'reader', accept: 'text/event-stream' };

function lastEventIn(body: string): { name: string; data: object } {
  const [name = '', data = ''] = body.trim().split('\n\n').at(-1)?.split('\n') ?? [];
  return { name, data: JSON.parse(data.replace('data: ', '')) };
}

test('a job that is watched', async () => {
  const keys = twoKeys();
  const job = async () => {
    delete keys.reader;
    return jobOf('sea', []);
  };
  await using server = await testServer({ keys, service: { job } });
  const url = `/api/v1/status/sea~${JOB_UUID}`;
  const { body } = await server.app.inject({ method: 'GET', url, headers });
  expect(lastEventIn(body)).toMatchObject({ name: 'event: problem', data: { code: 'UNAUTHORIZED' } });
});

test('an answer that is being written', async () => {
  const keys = twoKeys();
  await using server = await testServer({
    keys,
    service: {
      ask: async (_, { onText, signal } = {}) => {
        onText?.('Agnes');
        delete keys.reader;
        return await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            onText?.('Agnes kept it.');
            reject(signal.reason);
          });
        });
      },
    },
  });
  const payload = { question: 'Who kept the lamp?' };
  const { body } = await server.app.inject({ method: 'POST', url: '/api/v1/query', headers, payload });
  expect(lastEventIn(body)).toMatchObject({ name: 'event: problem', data: { code: 'UNAUTHORIZED' } });
  expect(body).not.toContain('kept it');
});

test('sessions of MCP, their streams and their calls; those of others go on', async () => {
  const keys = twoKeys();
  const service = new FakeService();
  const cancelled = Promise.withResolvers<void>();
  service.instead.ask = async (_, { signal } = {}) => {
    delete keys.reader;
    return await new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        cancelled.resolve();
        reject(signal.reason);
      });
    });
  };
  await using mcp = createMcpHandler((principal) => createMcpServer({ service, principal, version: '1' }));
  await using server = await testServer({ keys, parts: { mcp } });
  const url = new URL('/mcp', await server.app.listen({ host: '127.0.0.1', port: 0 }));
  const connect = async (key: string): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { 'x-api-key': key } };
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    return client;
  };
  const [client, other] = [await connect('reader'), await connect('other')];
  client.callTool({ name: 'ask', arguments: { question: 'Who?' } }).catch(() => {});
  await cancelled.promise;
  await eventually(() => mcp.sessions === 1);
  expect((await other.listTools()).tools.length).toBeGreaterThan(0);
  await other.close();
  await client.close();
});
