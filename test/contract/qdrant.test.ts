import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v4 as uuid } from 'uuid';
import { openQdrantStores } from '../../activities/adapters/qdrant/qdrant-stores.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import { startQdrantStandIn } from '../helpers/qdrant-stand-in.ts';
import { type ProxyMode, startProxy, type TestProxy } from '../helpers/qdrant-stand-in-proxy.ts';
import { catalogContract } from './catalog-contract.ts';
import { qdrantServer } from './qdrant-server.ts';
import { type Backing, bookIdOf, bookPoints, DIMENSIONS, record, type Stores } from './store-fixtures.ts';
import { vectorLexicalContract } from './vector-lexical-contract.ts';
import { vectorScanContract } from './vector-scan-contract.ts';
import { vectorSearchContract } from './vector-search-contract.ts';
import { vectorStoreContract } from './vector-store-contract.ts';

const qdrant = qdrantServer();
const { apiKey } = qdrant;

/** A prefix of its own on the shared server, behind a proxy that can be taken away. */
async function newPrefix(): Promise<Backing> {
  const prefix = `test-${uuid()}`;
  const proxy = await startProxy(() => qdrant.url);
  return {
    open: async (embedderId = 'model', dimensions = DIMENSIONS) =>
      await openQdrantStores({ url: proxy.url, apiKey, embedderId, dimensions, prefix, timeoutMs: 60_000 }),
    lose: proxy.stop,
    [Symbol.asyncDispose]: async () => {
      await proxy.stop();
      await dropCollections(prefix);
    },
  };
}

async function dropCollections(prefix: string): Promise<void> {
  const client = qdrant.client();
  const { collections } = await client.getCollections();
  for (const { name } of collections) if (name.startsWith(prefix)) await client.deleteCollection(name);
}

vectorStoreContract('Qdrant', newPrefix);
vectorSearchContract('Qdrant', newPrefix);
vectorLexicalContract('Qdrant', newPrefix);
vectorScanContract('Qdrant', newPrefix);
catalogContract('Qdrant', newPrefix);

describe('a Qdrant server that misbehaves', () => {
  let proxy: TestProxy;
  let stores: Stores;
  const prefix = `test-${uuid()}`;

  beforeAll(async () => {
    proxy = await startProxy(() => qdrant.url);
    const options = { apiKey, embedderId: 'model', dimensions: DIMENSIONS, prefix };
    stores = await openQdrantStores({ ...options, url: proxy.url, timeoutMs: 1_000 });
  });

  afterAll(async () => {
    await proxy.stop();
    await dropCollections(prefix);
  });

  const countWhile = async (mode: ProxyMode): Promise<number> => {
    proxy.mode = mode;
    try {
      return await stores.store.count(bookIdOf('alice'));
    } finally {
      proxy.mode = { kind: 'pass' };
    }
  };
  const answer = (status: number, body: string, headers: Record<string, string> = {}): ProxyMode => ({
    kind: 'answer',
    status,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

  test.each([
    ['500', answer(500, '{"status":{"error":"Service internal error"}}')],
    ['502 with a page', answer(502, '<html>Bad Gateway</html>', { 'content-type': 'text/html' })],
    ['503', answer(503, '{"status":{"error":"not ready"}}')],
    ['408', answer(408, '')],
    ['an answer that is no JSON', answer(200, 'hello', { 'content-type': 'application/json' })],
    ['no answer in time', { kind: 'silent' } as const],
  ])('%s is worth another try', async (_, mode) => {
    await expect(countWhile(mode)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', retryable: true });
    expect(await stores.store.count(bookIdOf('alice'))).toBe(0);
  });

  test.each([
    ['429', answer(429, '{"status":{"error":"slow down"}}')],
    ['429 with seconds to wait', answer(429, '{"status":{"error":"slow down"}}', { 'retry-after': '17' })],
    ['429 with a date', answer(429, '{}', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' })],
  ])('%s is an overload, and worth another try', async (_, mode) => {
    await expect(countWhile(mode)).rejects.toMatchObject({ code: 'STORE_OVERLOADED', retryable: true });
  });

  test.each([429, 503])('%d tells when to ask again, however many ask', async (status) => {
    const waits = ['17', '120', new Date(Date.now() + 1_800_000).toUTCString(), 'soon'];
    const wanted = [17_000, 120_000, 1_800_000, undefined];
    for (const [index, wait] of waits.entries()) {
      proxy.mode = answer(status, '{"status":{"error":"slow down"}}', { 'retry-after': wait });
      const asked = Array.from({ length: 10 }, () => stores.store.count(bookIdOf('alice')));
      const failures = await Promise.all(asked.map((one) => one.catch((error: unknown) => error)));
      for (const failure of failures) expectWait(failure, wanted[index]);
    }
    proxy.mode = { kind: 'pass' };
  });

  test.each([
    [400, 'Wrong input: no such field'],
    [413, 'payload too large'],
  ])('%d is a refusal, with the reason of the server', async (status, reason) => {
    const failed = countWhile(answer(status, JSON.stringify({ status: { error: reason } })));
    await expect(failed).rejects.toMatchObject({
      code: 'STORE_REJECTED',
      retryable: false,
      message: expect.stringContaining(reason),
    });
  });

  test.each([
    [401, 'Must provide an API key'],
    [403, 'forbidden'],
    [404, "Not found: Collection `x` doesn't exist!"],
  ])('%d concerns every book, and is waited out', async (status, reason) => {
    const failed = countWhile(answer(status, JSON.stringify({ status: { error: reason } })));
    await expect(failed).rejects.toMatchObject({
      ...{ code: 'STORE_DENIED', retryable: true },
      message: expect.stringContaining(reason),
    });
  });

  test('every write waits until the server has applied it', async () => {
    proxy.requests.splice(0);
    await stores.store.upsert(bookPoints(bookIdOf('bob'), 'r1', 300));
    await stores.store.delete(bookIdOf('bob'));
    const writes = proxy.requests.filter((line) => /^PUT|delete/.test(line));
    expect(writes).toHaveLength(4);
    for (const line of writes) expect(line).toContain('wait=true');
  });
});

function expectWait(failure: unknown, waitMs: number | undefined): void {
  if (!(failure instanceof ScriptoriumError)) throw new Error(`it ended with ${String(failure)}`);
  if (waitMs === undefined) expect(failure.retryAfterMs).toBeUndefined();
  else expect(Math.abs((failure.retryAfterMs ?? 0) - waitMs)).toBeLessThan(10_000);
}

describe('the address of Qdrant', () => {
  const open = async (address: string): Promise<Stores> =>
    await openQdrantStores({ url: address, embedderId: 'm', dimensions: 3, prefix: 'p', timeoutMs: 5_000 });

  test.each(['localhost:6333', 'ftp://localhost', 'no url', '', 'http://user:secret@localhost'])(
    '%j is refused as configuration',
    async (address) => {
      await expect(open(address)).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    },
  );

  test('a closed port is unreachable, by its own number', async () => {
    const proxy = await startProxy(() => qdrant.url);
    await proxy.stop();
    await expect(open(proxy.url)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringMatching(new RegExp(`${proxy.url}.*ECONNREFUSED`)),
    });
  });

  test('without a port it is the port of its scheme, not 6333', async () => {
    const failed = open('http://127.254.254.254');
    await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('6333') });
  });

  test('a path before the API is kept', async () => {
    const proxy = await startProxy(() => qdrant.url);
    proxy.mode = { kind: 'answer', status: 404, body: '{}' };
    await expect(open(`${proxy.url}/behind/a/path/`)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(proxy.requests[0]).toMatch(/^GET \/behind\/a\/path\/collections\//);
    await proxy.stop();
  });
});

test('a wrong API key is refused, the right one is not', async () => {
  await using locked = await startQdrantStandIn({ apiKey: 'right' });
  const options = { url: locked.url, embedderId: 'm', dimensions: 3, prefix: 'p', timeoutMs: 10_000 };
  await expect(openQdrantStores({ ...options, apiKey: 'wrong' })).rejects.toMatchObject({
    code: 'STORE_DENIED',
  });
  const { store } = await openQdrantStores({ ...options, apiKey: 'right' });
  expect(await store.health()).toContain('Qdrant 1.');
});

test('after an outage of the server the same stores go on', async () => {
  const proxy = await startProxy(() => qdrant.url);
  const prefix = `test-${uuid()}`;
  const options = { apiKey, embedderId: 'm', dimensions: DIMENSIONS, prefix, timeoutMs: 10_000 };
  const { store } = await openQdrantStores({ ...options, url: proxy.url });
  await store.upsert(bookPoints(bookIdOf('alice'), 'r1', 10));
  proxy.mode = { kind: 'answer', status: 503, body: '' };
  await expect(store.count(bookIdOf('alice'))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  proxy.mode = { kind: 'pass' };
  expect(await store.count(bookIdOf('alice'))).toBe(10);
  await proxy.stop();
  await dropCollections(prefix);
});

test('after a restart of the server everything that it acknowledged is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scriptorium-qdrant-'));
  const first = await startQdrantStandIn({ folder });
  const options = { url: first.url, embedderId: 'm', dimensions: DIMENSIONS, prefix: 'p', timeoutMs: 10_000 };
  const { store, catalog } = await openQdrantStores(options);
  await store.upsert(bookPoints(bookIdOf('alice'), 'r1', 10));
  await catalog.put(record('alice'));
  await first.stop();
  await expect(store.count(bookIdOf('alice'))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  const second = await startQdrantStandIn({ folder, port: first.port });
  expect(await store.count(bookIdOf('alice'))).toBe(10);
  expect(await catalog.list({ limit: 10 })).toEqual([record('alice')]);
  await second.stop();
  await rm(folder, { recursive: true });
});
