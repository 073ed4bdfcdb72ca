/** An embedding endpoint as servers are: slow, limited, choosy about sizes, out of order, and wrong. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  EndpointEmbedder,
  type EndpointEmbedderOptions,
} from '../../activities/adapters/endpoint/endpoint-embedder.ts';
import '../helpers/any-realm.ts';
import { json, jsonText } from '../helpers/chat-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { endless, type LocalServer, localServer, type Reply } from '../helpers/local-server.ts';

const asked = z.object({
  model: z.string(),
  input: z.array(z.string()),
  dimensions: z.number().optional(),
});

/** Tells the texts apart, and is no unit vector. */
const vectorFor = (text: string): number[] => [3 * text.length, 4 * text.length, 0];
const unit = (text: string): Float32Array =>
  text === '' ? new Float32Array(3) : Float32Array.of(0.6, 0.8, 0);

const inputs = (server: LocalServer) => server.bodies.map((body) => asked.parse(JSON.parse(body)).input);

/** Answers with vectors, those of the last texts first. */
function answering(
  server: () => LocalServer,
  vectorOf: (text: string) => readonly number[] = vectorFor,
): Reply {
  return (_, response) => {
    const input = inputs(server()).at(-1) ?? [];
    const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));
    json(response, { object: 'list', data: data.reverse() });
  };
}

async function withServer<T>(
  reply: (next: Reply, count: number, input: readonly string[]) => Reply,
  work: (server: LocalServer, options: EndpointEmbedderOptions) => Promise<T>,
  vectorOf?: (text: string) => readonly number[],
): Promise<T> {
  let count = 0;
  const next = answering(() => server, vectorOf);
  const server: LocalServer = await localServer((request, response) =>
    reply(next, ++count, inputs(server).at(-1) ?? [])(request, response),
  );
  await using _ = server;
  return await work(server, {
    ...{ baseUrl: `${server.url}/v1`, apiKey: 'secret', model: 'a/model', maxTokens: 512, dimensions: 3 },
    ...{ prefixes: { passage: '', question: '' }, textsPerRequest: 4, requestsAtOnce: 2, timeoutMs: 5_000 },
  });
}

const always = (next: Reply): Reply => next;
const refuse =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (_, response) =>
    response.writeHead(status, headers).end('{"error":{"message":"no"}}');

describe('an embedding endpoint', () => {
  test('gives unit vectors in the order of the texts, however they are cut into requests', async () => {
    await withServer(
      always,
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open(options);
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme' }), { maxLength: 11 }),
            async (texts) => {
              const vectors = await embedder.embed(texts);
              expect(vectors).toHaveLength(texts.length);
              for (const [at, text] of texts.entries())
                expect(vectors[at]?.[0]).toBeCloseTo(Math.cos(text.toWellFormed().length), 5);
            },
          ),
          { numRuns: 25 },
        );
        for (const input of inputs(server)) expect(input.length).toBeLessThanOrEqual(4);
      },
      (text) => [Math.cos(text.length), Math.sin(text.length), 0],
    );
  });

  test('tells the length of its vectors when nobody set it', async () => {
    await withServer(always, async (server, { dimensions: _, ...options }) => {
      await using embedder = await EndpointEmbedder.open(options);
      expect(embedder.dimensions).toBe(3);
      expect(asked.parse(JSON.parse(server.bodies[0] ?? '')).dimensions).toBeUndefined();
    });
  });

  test('is sent model, key, length and the prefix of the kind; another prefix is another embedder', async () => {
    const prefixes = { passage: 'passage: ', question: 'query: ' };
    const keys: (string | undefined)[] = [];
    await withServer(
      (next) => (request, response) => {
        keys.push(request.headers.authorization);
        next(request, response);
      },
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, prefixes });
        await using plain = await EndpointEmbedder.open(options);
        expect(await embedder.embed(['light'])).toEqual([unit('light')]);
        await embedder.embed(['Who?'], { kind: 'question' });
        expect(inputs(server)).toEqual([['passage: light'], ['query: Who?']]);
        expect(asked.parse(JSON.parse(server.bodies[0] ?? ''))).toMatchObject({
          ...{ model: 'a/model', dimensions: 3 },
        });
        expect(keys).toEqual(['Bearer secret', 'Bearer secret']);
        expect(embedder.id).not.toBe(plain.id);
      },
    );
  });

  test('is asked no more at once than is allowed', async () => {
    let [now, most] = [0, 0];
    await withServer(
      (next) => async (request, response) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        next(request, response);
      },
      async (_server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, requestsAtOnce: 1 });
        await embedder.embed(Array.from({ length: 24 }, (_, at) => `passage ${at}`));
        expect(most).toBe(1);
      },
    );
  });

  test.each<[string, Reply]>([
    ['passages hold all its places', () => {}],
    ['it refuses passages for too many', refuse(429, { 'retry-after': '30' })],
  ])('embeds a question while %s', async (_, toPassages) => {
    const book = Array.from({ length: 9 }, (_, at) => `passage ${at}`);
    const ended = new AbortController();
    await withServer(
      (next, _count, [first]) => (first === 'Who?' ? next : toPassages),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, requestsAtOnce: 1 });
        const embedding = embedder.embed(book, { signal: ended.signal });
        await eventually(async () => server.bodies.length > 0);
        expect(await embedder.embed(['Who?'], { kind: 'question' })).toEqual([unit('Who?')]);
        ended.abort(new Error('enough'));
        await expect(embedding).rejects.toThrow('enough');
        expect(inputs(server).map(([first]) => first)).toEqual(['passage 0', 'Who?']);
      },
    );
  });

  test('tells all who wait of each request that is answered, theirs or another’s', async () => {
    await withServer(always, async (_, options) => {
      await using embedder = await EndpointEmbedder.open({ ...options, requestsAtOnce: 1 });
      const texts = Array.from({ length: 8 }, (_, at) => 'x'.repeat(at + 1));
      const counted = async () => {
        let told = 0;
        await embedder.embed(texts, {
          onSome: () => {
            told += 1;
          },
        });
        return told;
      };
      const told = await Promise.all([counted(), counted()]);
      // Two requests each, in turn: the second hears of those of the first, too.
      expect(told).toEqual([2, 4]);
    });
  });

  test('that takes fewer texts at once is sent halves, and no more than that afterwards', async () => {
    await withServer(
      (next, _, input) => (input.length > 2 ? refuse(413) : next),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, requestsAtOnce: 1 });
        expect(await embedder.embed(['a', 'b', 'c', 'd'])).toEqual(Array(4).fill(unit('a')));
        await embedder.embed(['e', 'f', 'g', 'h']);
        expect(inputs(server).map((input) => input.length)).toEqual([4, 2, 2, 2, 2]);
      },
    );
  });

  test('that refuses for too many is left alone for as long as it says, and asked again', async () => {
    await withServer(
      (next, count) => (count === 1 ? refuse(429, { 'retry-after': '1' }) : next),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open(options);
        const started = performance.now();
        expect(await embedder.embed(['light'])).toEqual([unit('light')]);
        expect(performance.now() - started).toBeGreaterThanOrEqual(990);
        expect(server.bodies).toHaveLength(2);
      },
    );
  });

  test.each([
    ['as OpenAI does', '{"error":{"message":"the text is too long"}}'],
    ['as Text Embeddings Inference does', '{"message":"the text is too long","type":"Validation"}'],
    ['in plain text', 'the text is too long'],
  ])('that says why it refuses, %s, is quoted', async (_, body) => {
    const reply: Reply = (_, response) => {
      response.writeHead(422, { 'content-type': 'application/json' }).end(body);
    };
    await withServer(
      () => reply,
      async (_server, options) => {
        await using embedder = await EndpointEmbedder.open(options);
        await expect(embedder.embed(['light'])).rejects.toMatchObject({
          ...{ code: 'EMBEDDING_REJECTED', message: expect.stringContaining('the text is too long') },
        });
      },
    );
  });

  test.each<[string, Reply, string]>([
    [
      'refuses for too many, longer than we wait',
      refuse(429, { 'retry-after': '600' }),
      'EMBEDDING_RATE_LIMITED',
    ],
    ['refuses the key', refuse(401), 'EMBEDDING_DENIED'],
    ['knows no such model', refuse(404), 'EMBEDDING_DENIED'],
    ['has no credit left', refuse(402), 'EMBEDDING_DENIED'],
    ['stands behind a proxy that refuses', refuse(407), 'EMBEDDING_UNREACHABLE'],
    ['does not understand the request', refuse(400), 'EMBEDDING_REJECTED'],
    ['fails', refuse(500), 'EMBEDDING_UNREACHABLE'],
    ['has a model that fails', refuse(424), 'EMBEDDING_UNREACHABLE'],
    ['loses patience', refuse(408), 'EMBEDDING_UNREACHABLE'],
    ['breaks off', (request) => request.socket.destroy(), 'EMBEDDING_UNREACHABLE'],
    ['sends garbage', (_, response) => jsonText(response, '<html>'), 'EMBEDDING_UNREACHABLE'],
    ['sends something else', (_, response) => json(response, { choices: [] }), 'EMBEDDING_UNREACHABLE'],
    ['leaves texts out', (_, response) => json(response, { data: [] }), 'EMBEDDING_FAILED'],
    [
      'gives other lengths',
      (_, response) => json(response, { data: [{ index: 0, embedding: [1, 2] }] }),
      'EMBEDDING_DENIED',
    ],
    [
      'gives nothing but zeros',
      (_, response) => json(response, { data: [{ index: 0, embedding: [0, 0, 0] }] }),
      'EMBEDDING_FAILED',
    ],
  ])('that %s: a code that says so', async (_, reply, code) => {
    await withServer(
      () => reply,
      async (_server, options) => {
        await using embedder = await EndpointEmbedder.open(options);
        await expect(embedder.embed(['light'])).rejects.toMatchObject({ code });
      },
    );
  });

  test('that sends for ever is given up before its time is over', async () => {
    await withServer(
      () => endless,
      async (_server, options) => {
        await using embedder = await EndpointEmbedder.open(options);
        await expect(embedder.embed(['light'])).rejects.toMatchObject({
          ...{ code: 'EMBEDDING_UNREACHABLE', message: expect.stringContaining('it sent more than') },
        });
      },
    );
  });

  test('that begins its answer and hangs is given up after its time', async () => {
    await withServer(
      () => (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      async (_server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, timeoutMs: 200 });
        await expect(embedder.embed(['light'])).rejects.toMatchObject({ code: 'EMBEDDING_UNREACHABLE' });
      },
    );
  });

  test('that finds one text too long is sent as many as before afterwards', async () => {
    await withServer(
      (next, _, input) => (input.includes('long') ? refuse(413) : next),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, requestsAtOnce: 1 });
        await expect(embedder.embed(['a', 'b', 'long', 'd'])).rejects.toMatchObject({
          code: 'EMBEDDING_REJECTED',
        });
        const before = server.bodies.length;
        await embedder.embed(['e', 'f']);
        expect(inputs(server).slice(before)).toEqual([['e', 'f']]);
      },
    );
  });

  test('that says 400 to so many texts at once is sent halves', async () => {
    await withServer(
      (next, _, input) => (input.length > 2 ? refuse(400) : next),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({
          ...options,
          requestsAtOnce: 1,
          textsPerRequest: 4,
        });
        expect(await embedder.embed(['a', 'b', 'c', 'd'])).toHaveLength(4);
        expect(inputs(server)).toEqual([
          ['a', 'b', 'c', 'd'],
          ['a', 'b'],
          ['c', 'd'],
        ]);
      },
    );
  });

  test('that is too slow for so many texts is sent fewer at the next try, and more again when it is fast', async () => {
    let isSlow = true;
    await withServer(
      (next, _, input) => (isSlow && input.length > 1 ? () => {} : next),
      async (server, options) => {
        const few = { ...options, requestsAtOnce: 1, textsPerRequest: 4, timeoutMs: 300 };
        await using embedder = await EndpointEmbedder.open(few);
        const late = {
          code: 'EMBEDDING_UNREACHABLE',
          message: expect.stringContaining('EMBEDDINGS_TIMEOUT_S'),
        };
        await expect(embedder.embed(['a', 'b', 'c', 'd'])).rejects.toMatchObject(late);
        await expect(embedder.embed(['a', 'b', 'c', 'd'])).rejects.toMatchObject(late);
        expect(await embedder.embed(['a', 'b', 'c', 'd'])).toHaveLength(4);
        isSlow = false;
        const before = server.bodies.length;
        await embedder.embed(['e', 'f', 'g', 'h']);
        await embedder.embed(['e', 'f', 'g', 'h']);
        expect(inputs(server).slice(before).at(-1)).toEqual(['e', 'f', 'g', 'h']);
      },
    );
  });

  test('that finds a question too long is sent half of it, until it takes it', async () => {
    await withServer(
      (next, _, input) => ((input[0]?.length ?? 0) > 300 ? refuse(413) : next),
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, maxTokens: 512 });
        expect(await embedder.embed(['灯'.repeat(2_000)], { kind: 'question' })).toHaveLength(1);
        expect(inputs(server).map(([text]) => text?.length)).toEqual([1_536, 768, 384, 192]);
      },
    );
  });

  test('is sent no more of a question than its model takes', async () => {
    await withServer(always, async (server, options) => {
      await using embedder = await EndpointEmbedder.open({ ...options, maxTokens: 4 });
      await embedder.embed(['Who moves the lighthouse?'], { kind: 'question' });
      expect(inputs(server)).toEqual([['Who moves th']]);
    });
  });

  test('that hangs is given up after its time, and a caller who goes away waits for nothing', async () => {
    await withServer(
      () => () => {},
      async (server, options) => {
        await using embedder = await EndpointEmbedder.open({ ...options, timeoutMs: 200 });
        await expect(embedder.embed(['light'])).rejects.toMatchObject({ code: 'EMBEDDING_UNREACHABLE' });
        const over = new AbortController();
        const waiting = embedder.embed(['oil'], { signal: over.signal });
        await eventually(() => server.bodies.length > 1);
        over.abort(new Error('enough'));
        await expect(waiting).rejects.toThrow('enough');
      },
    );
  });

  test('that is closed asks for nothing more', async () => {
    await withServer(always, async (server, options) => {
      const embedder = await EndpointEmbedder.open(options);
      await embedder[Symbol.asyncDispose]();
      await expect(embedder.embed(['light'])).rejects.toThrow('closed');
      expect(server.bodies).toEqual([]);
    });
  });
});
