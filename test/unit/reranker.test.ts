/** The reranker's endpoint, as different servers speak, refuse, babble and stay silent. */
import { describe, expect, test } from '@jest/globals';
import { HttpReranker } from '../../activities/adapters/rerank/http-reranker.ts';
import { search } from '../../activities/retrieve.ts';
import { bookIdOf, bookPoints, DIMENSIONS, record, unitVector } from '../contract/store-fixtures.ts';
import '../helpers/any-realm.ts';
import { json, jsonText } from '../helpers/chat-server.ts';
import { endless, localServer, type Reply } from '../helpers/local-server.ts';
import { MemoryCatalog, MemoryVectorStore } from '../helpers/memory-stores.ts';

const TEXTS = ['lamp', 'oil', 'shore'];
const cohere: Reply = (_, response) =>
  json(response, {
    results: [2, 0, 1].map((index, rank) => ({ index, relevance_score: 1 - rank / 4 })),
  });
const tei: Reply = (_, response) =>
  json(
    response,
    [2, 0, 1].map((index, rank) => ({ index, score: 1 - rank / 4 })),
  );

async function scores(reply: Reply, timeoutMs = 5_000): Promise<readonly number[]> {
  await using server = await localServer(reply);
  return await new HttpReranker({ baseUrl: `${server.url}/v1/`, timeoutMs }).rerank('Who?', TEXTS);
}

describe('a reranker', () => {
  test.each([
    ['Cohere, Jina, vLLM and llama.cpp', cohere],
    ['Text Embeddings Inference', tei],
  ])('of the kind of %s gives a score a text, in their order', async (_, reply) => {
    expect(await scores(reply)).toEqual([0.75, 0.5, 1]);
  });

  test('is asked with question, texts, model and key', async () => {
    const seen: { url: string | undefined; key: string | undefined }[] = [];
    await using server = await localServer((request, response) => {
      seen.push({ url: request.url, key: request.headers.authorization });
      cohere(request, response);
    });
    const options = { baseUrl: `${server.url}/v2`, model: 'm', apiKey: 'secret', timeoutMs: 5_000 };
    await new HttpReranker(options).rerank('Who?', TEXTS);
    expect(seen).toEqual([{ url: '/v2/rerank', key: 'Bearer secret' }]);
    expect(JSON.parse(server.bodies[0] ?? '')).toEqual({
      ...{ model: 'm', query: 'Who?', documents: TEXTS, texts: TEXTS },
    });
  });

  test('of no texts is not asked', async () => {
    const reranker = new HttpReranker({ baseUrl: 'http://127.0.0.1:1', timeoutMs: 1_000 });
    expect(await reranker.rerank('Who?', [])).toEqual([]);
  });

  test.each<[string, Reply]>([
    ['refuses', (_, response) => response.writeHead(401).end('no key')],
    ['fails', (_, response) => response.writeHead(500).end()],
    ['sends garbage', (_, response) => jsonText(response, '<html>')],
    ['sends something else', (_, response) => json(response, { choices: [] })],
    ['leaves texts out', (_, response) => json(response, [{ index: 0, score: 1 }])],
    ['breaks off', (request) => request.socket.destroy()],
  ])('that %s is RERANK_FAILED', async (_, reply) => {
    await expect(scores(reply)).rejects.toMatchObject({ code: 'RERANK_FAILED' });
  });

  test('that sends for ever is RERANK_FAILED before its time is over', async () => {
    await expect(scores(endless)).rejects.toMatchObject({
      code: 'RERANK_FAILED',
      message: expect.stringContaining('it sent more than'),
    });
  });

  test('that stays silent is RERANK_FAILED after the time that it has', async () => {
    await expect(scores(() => {}, 50)).rejects.toMatchObject({
      code: 'RERANK_FAILED',
      message: expect.stringContaining('50 ms'),
    });
  });
});

test.each<[string, Reply, number | undefined]>([
  ['fails', (_, response) => response.writeHead(503).end(), undefined],
  ['takes more than half of the time that is left', () => {}, 300],
])('a search whose reranker %s goes on in its own order, and says so', async (_, reply, ms) => {
  const catalog = new MemoryCatalog();
  const store = new MemoryVectorStore(100);
  await catalog.putLibrary({ library: 'default', embedderId: 'model', dimensions: DIMENSIONS });
  await catalog.put(record('alice'));
  await store.upsert(bookPoints(bookIdOf('alice'), 'r1', 9));
  const embedder = {
    ...{ id: 'model', dimensions: DIMENSIONS, maxTokens: 256 },
    embed: async (texts: readonly string[]) => texts.map((text) => unitVector(text)),
    [Symbol.asyncDispose]: async () => {},
  };
  await using server = await localServer(reply);
  const reranker = new HttpReranker({ baseUrl: server.url, timeoutMs: 5_000 });
  const ask = { query: 'passage', topK: 3 };
  const plain = await search({ catalog, store, embedder }, ask);
  const started = performance.now();
  const limits = ms === undefined ? {} : { untilMs: Date.now() + ms };
  const failed = await search({ catalog, store, embedder, reranker }, ask, limits);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(failed.hits).toEqual(plain.hits);
  expect([plain.reranked, failed.reranked]).toEqual([undefined, false]);
});
