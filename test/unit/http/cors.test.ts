/** A page that the configuration names can use all of the API; any other can use none of it. */
import { describe, expect, test } from '@jest/globals';
import type { KnownKey } from '../../../client/http/principal.ts';
import { createMcpHandler } from '../../../client/mcp/http.ts';
import { createMcpServer } from '../../../client/mcp/server.ts';
import { BOOK_ID, testServer } from '../../helpers/http-server.ts';
import { FakeService } from '../mcp/fake-service.ts';

const page = 'https://library.example';
const boss: KnownKey = { id: 'boss', name: 'boss', scopes: ['admin'], libraries: null };
const options = { keys: { boss }, limits: { corsOrigins: [page], requestsPerMinute: 9 } };

function namesIn(header: unknown): string[] {
  return String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase());
}

describe('a preflight', () => {
  const ask = async (origin: string, url: string, method: string) => {
    await using server = await testServer(options);
    return await server.app.inject({
      ...{ method: 'OPTIONS', url },
      headers: {
        ...{ origin, 'access-control-request-method': method },
        'access-control-request-headers': 'x-api-key,content-type,idempotency-key,mcp-session-id',
      },
    });
  };

  test.each([
    ['POST', '/api/v1/query'],
    ['POST', '/api/v1/index'],
    ['GET', '/api/v1/books'],
    ['DELETE', `/api/v1/books/${BOOK_ID}`],
    ['DELETE', '/mcp'],
  ])('of a page that is named is told that it may send %s %s', async (method, url) => {
    const { statusCode, headers } = await ask(page, url, method);
    expect(statusCode).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(page);
    expect(namesIn(headers['access-control-allow-methods'])).toContain(method.toLowerCase());
    expect(namesIn(headers['access-control-allow-headers'])).toEqual(
      expect.arrayContaining(['x-api-key', 'content-type', 'idempotency-key', 'mcp-session-id']),
    );
  });

  test('of another page is told nothing of the kind', async () => {
    const { headers } = await ask('https://evil.example', '/api/v1/query', 'POST');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('an answer', () => {
  const headers = { origin: page, 'x-api-key': 'boss', 'content-type': 'application/json' };
  const initialize = {
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
  };

  test.each([
    ['as JSON', 'POST', '/api/v1/search', { query: 'a' }, {}],
    ['as events', 'POST', '/api/v1/query', { question: 'a' }, { accept: 'text/event-stream' }],
    ['of MCP', 'POST', '/mcp', initialize, { accept: 'application/json, text/event-stream' }],
    ['that refuses', 'POST', '/api/v1/search', {}, {}],
  ] as const)(
    '%s can be read by the page, with what it is told in headers',
    async (_, method, url, payload, more) => {
      await using mcp = createMcpHandler((principal) =>
        createMcpServer({ service: new FakeService(), principal, version: '1' }),
      );
      await using server = await testServer({ ...options, parts: { mcp } });
      const { headers: told } = await server.app.inject({
        method,
        url,
        payload,
        headers: { ...headers, ...more },
      });
      expect(told['access-control-allow-origin']).toBe(page);
      expect(namesIn(told['access-control-expose-headers'])).toEqual(
        expect.arrayContaining(['location', 'retry-after', 'ratelimit-remaining', 'mcp-session-id']),
      );
      expect(told['ratelimit-remaining']).toBe('8');
      expect(told['x-content-type-options']).toBe('nosniff');
      if (url === '/mcp') expect(told['mcp-session-id']).toMatch(/\w/);
    },
  );
});
