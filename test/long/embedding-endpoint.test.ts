/** A stack whose vectors come from an endpoint: the real model behind a server that goes away and comes back. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { OnnxEmbedder } from '../../activities/adapters/onnx/onnx-embedder.ts';
import { homeOf } from '../../client/home.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { modelAsset, tokenizerAsset } from '../../workers/assets/manifest.ts';
import { minilm } from '../../workers/model/minilm.ts';
import '../helpers/any-realm.ts';
import { json } from '../helpers/chat-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { type LocalServer, localServer } from '../helpers/local-server.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const asked = z.object({ input: z.array(z.string()) });
const ingested = z.object({ books: z.object({ ingested: z.number(), failed: z.number() }) });
const found = z.object({ hits: z.array(z.object({ title: z.string() })) });
const health = z.object({
  checks: z.array(z.object({ name: z.string(), state: z.string(), detail: z.string() })),
});

let embedder: OnnxEmbedder;
let server: LocalServer;
let home: TestHome;
let books: string;
let isAway = false;
let refused = 0;

beforeAll(async () => {
  const finding = { cacheFolder: homeOf().cache, env: process.env };
  embedder = await OnnxEmbedder.open({
    modelPath: await findAsset(modelAsset, finding),
    tokenizerPath: await findAsset(tokenizerAsset, finding),
    ...{ ...minilm, threads: 1 },
  });
  server = await localServer(async (request, response) => {
    if (request.url?.endsWith('/models')) return json(response, { data: [] });
    if (isAway) {
      refused += 1;
      return request.socket.destroy();
    }
    const { input } = asked.parse(JSON.parse(server.bodies.at(-1) ?? ''));
    const vectors = await embedder.embed(input);
    json(response, { data: vectors.map((vector, index) => ({ index, embedding: [...vector] })) });
  });
  home = await TestHome.create({
    ...{ SCRIPTORIUM_EMBEDDINGS_URL: `${server.url}/v1`, SCRIPTORIUM_EMBEDDINGS_MODEL: 'served' },
    ...{ OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_MODEL: 'writer' },
    ...{ SCRIPTORIUM_HTTP_ADDRESS: 'off', SCRIPTORIUM_EMBEDDINGS_REQUESTS: '1' },
  });
  await buildSamples();
  books = join(home.folder, 'Books');
  await mkdir(books);
  await copyFile(join(booksFolder, 'lights-of-saint-orrin.pdf'), join(books, 'lights.pdf'));
}, 120_000);

afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await embedder?.[Symbol.asyncDispose]();
}, 60_000);

describe('an embedding endpoint', () => {
  test('embeds the books and the questions of a stack', async () => {
    const { code, result } = await home.json('ingest', books);
    expect(code).toBe(0);
    expect(ingested.parse(result).books).toEqual({ ingested: 1, failed: 0 });
    const search = await home.json('search', 'a lighthouse on rails', '--mode', 'dense');
    expect(found.parse(search.result).hits[0]?.title).toContain('Saint Orrin');
    const { checks } = health.parse((await home.json('doctor')).result);
    const said = new Map(checks.map(({ name, state, detail }) => [name, `${state}: ${detail}`]));
    expect(said.get('model')).toMatch(/^ok: served at .* vectors of 384 numbers$/);
    expect(said.get('answer model')).toMatch(/^ok: writer at .* which answers$/);
  }, 120_000);

  test('that is away for a while keeps a book waiting, and no more', async () => {
    isAway = true;
    await copyFile(join(booksFolder, 'bees-of-the-high-terraces.md'), join(books, 'bees.md'));
    expect((await home.run('ingest', books, '--detach')).code).toBe(0);
    await eventually(() => refused > 1);
    isAway = false;
    await using client = await ScriptoriumClient.connect({ env: home.env });
    expect(await client.run().result()).toMatchObject({ books: { ingested: 1, unchanged: 1, failed: 0 } });
  }, 180_000);
});
