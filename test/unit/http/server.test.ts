/** What comes over HTTP is answered, or refused with a problem document that says why; nobody gets more than their key allows. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { errorRegistry, ScriptoriumError } from '../../../activities/errors.ts';
import { problem } from '../../../client/http/contract.ts';
import type { KnownKey } from '../../../client/http/principal.ts';
import { describedServer } from '../../../scripts/described-server.ts';
import type { BookSummary } from '../../../workflows/result-contract.ts';
import {
  BOOK_ID,
  cannedAnswer,
  cannedBook,
  JOB_UUID,
  type ServerOptions,
  testServer,
} from '../../helpers/http-server.ts';

const key = (
  id: string,
  scopes: KnownKey['scopes'],
  libraries: readonly string[] | null = null,
): KnownKey => ({
  ...{ id, name: `${id}'s`, scopes, libraries },
});
const keys = {
  asker: key('asker', ['ask']),
  feeder: key('feeder', ['ingest']),
  boss: key('boss', ['admin']),
  harbourmaster: key('harbourmaster', ['admin'], ['sea', 'port']),
  sailor: key('sailor', ['ask', 'ingest'], ['sea']),
  traveller: key('traveller', ['ask', 'ingest'], ['sea', 'art']),
};

type Method = 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH' | 'OPTIONS';

async function call(
  options: ServerOptions,
  method: Method,
  url: string,
  given: { payload?: object | string; headers?: Record<string, string> } = {},
) {
  await using server = await testServer(options);
  const headers = { host: 'localhost:8720', ...given.headers };
  const response = await server.app.inject({ method, url, ...given, headers });
  return { response, server };
}

function refusalIn({ response }: Awaited<ReturnType<typeof call>>) {
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const told = problem.parse(response.json());
  expect(told.status).toBe(response.statusCode);
  expect(errorRegistry).toHaveProperty(told.code);
  return { status: told.status, code: told.code, detail: told.detail };
}

const ask = { payload: { question: 'Who kept the lamp?' } };

describe('questions', () => {
  test('a question is answered', async () => {
    const { response, server } = await call({}, 'POST', '/api/v1/query', ask);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual(cannedAnswer);
    expect(server.asked).toMatchObject([
      { method: 'ask', args: [{ question: 'Who kept the lamp?', topK: 10 }] },
    ]);
  });

  test('or streamed: its stages, its text as it grows, and the answer', async () => {
    const headers = { accept: 'text/event-stream' };
    const { response } = await call({}, 'POST', '/api/v1/query', { ...ask, headers });
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    const blocks = response.body.trim().split('\n\n');
    expect(blocks.map((block) => block.split('\n')[0])).toEqual([
      'event: stage',
      'event: stage',
      'event: text',
      'event: text',
      'event: answer',
    ]);
    expect(blocks[3]).toBe('event: text\ndata: {"text":"Agnes kept it."}');
  });

  test('a stream ends with a problem where the question fails', async () => {
    const service = {
      ask: async () => {
        throw new ScriptoriumError('LIBRARY_NOT_FOUND', 'There is no library sea');
      },
    };
    const headers = { accept: 'text/event-stream' };
    const { response } = await call({ service }, 'POST', '/api/v1/query', { ...ask, headers });
    const [, , data = ''] = /event: problem\n(data: (.+))/.exec(response.body) ?? [];
    expect(problem.parse(JSON.parse(data))).toMatchObject({ code: 'LIBRARY_NOT_FOUND', status: 404 });
  });

  test.each([
    ['no question', {}, 'question'],
    ['an empty one', { question: '' }, 'letter or digit'],
    ['signs alone', { question: '\u0000\u0007 ?!' }, 'letter or digit'],
    ['one of 8,001 characters', { question: 'a'.repeat(8_001) }, '8,000'],
    ['a number for a question', { question: 7 }, 'question'],
    ['an unknown field', { question: 'a', filter: {} }, 'filter'],
    ['an unknown filter', { question: 'a', filters: { colour: 'red' } }, 'colour'],
    ['an inverted range', { question: 'a', filters: { pages: { from: 9, to: 2 } } }, 'range'],
    ['a library that is a path', { question: 'a', library: '../etc' }, 'library'],
    ['a thousand and one hits', { question: 'a', topK: 1_001 }, 'topK'],
    ['a list', [], 'object'],
  ])('%s is refused, and the field named', async (_, payload, named) => {
    const answer = await call({}, 'POST', '/api/v1/query', { payload });
    expect(refusalIn(answer)).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
    expect(refusalIn(answer).detail).toContain(named);
    expect(answer.server.asked).toEqual([]);
  });

  const json = { 'content-type': 'application/json' };
  test.each([
    ['no JSON', '{"question":', json, 400, 'INVALID_ARGUMENT'],
    ['an empty body', '', json, 400, 'INVALID_ARGUMENT'],
    ['JSON nested 200,000 deep', '['.repeat(200_000), json, 400, 'INVALID_ARGUMENT'],
    [
      'closed JSON nested 200,000 deep',
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      json,
      400,
      'INVALID_ARGUMENT',
    ],
    ['JSON nested a million deep', '['.repeat(1_000_000), json, 413, 'BODY_TOO_LARGE'],
    ['a prototype', '{"question":"a","__proto__":{"topK":3}}', json, 400, 'INVALID_ARGUMENT'],
    [
      'a form',
      'question=a',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['bytes', '\u0000\u0001', { 'content-type': 'application/octet-stream' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('%s is refused', async (_, payload, headers, status, code) => {
    expect(refusalIn(await call({}, 'POST', '/api/v1/query', { payload, headers }))).toMatchObject({
      status,
      code,
    });
  });

  test('a fault of our own tells nothing of the inside', async () => {
    const service = {
      search: async () => {
        throw new Error('/srv/secret/path: EACCES');
      },
    };
    const answer = await call({ service }, 'POST', '/api/v1/search', { payload: { query: 'a' } });
    expect(refusalIn(answer)).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(answer.response.body).not.toContain('secret');
    expect(JSON.stringify(answer.server.lines)).toContain('/srv/secret/path');
  });

  test('a part that is out of service says when to come back', async () => {
    const service = {
      search: async () => {
        throw new ScriptoriumError('STORE_UNREACHABLE', 'away', { retryAfterMs: 7_400 });
      },
    };
    const answer = await call({ service }, 'POST', '/api/v1/search', { payload: { query: 'a' } });
    expect(refusalIn(answer)).toMatchObject({ status: 503, code: 'STORE_UNREACHABLE' });
    expect(answer.response.headers['retry-after']).toBe('8');
  });
});

describe('addresses and methods', () => {
  test('what is not there', async () => {
    expect(refusalIn(await call({}, 'GET', '/api/v2/books'))).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
    });
  });

  test.each([
    ['PUT', '/api/v1/books', 'GET, HEAD'],
    ['GET', '/api/v1/query', 'POST'],
    ['PATCH', `/api/v1/books/${BOOK_ID}`, 'DELETE, GET, HEAD'],
    ['OPTIONS', '/health/live', 'GET, HEAD'],
  ] as const)('%s %s is told what it takes', async (method, url, allow) => {
    const answer = await call({ keys }, method, url);
    expect(refusalIn(answer)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(answer.response.headers.allow).toBe(allow);
  });

  test.each([
    '/api/v1/books/nonsense',
    `/api/v1/books/${BOOK_ID}/pages/0`,
    `/api/v1/books/${BOOK_ID}/pages/1e99`,
    '/api/v1/books?limit=0',
    '/api/v1/books?limit=x',
    '/api/v1/books?colour=red',
    '/api/v1/books?after=x',
    '/api/v1/books?library=a&library=b',
    '/api/v1/books/%E0%A4%A',
  ])('%s is a bad request', async (url) => {
    expect(refusalIn(await call({}, 'GET', url))).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
  });

  test('a book whose title is a script is told as data', async () => {
    const { response } = await call({}, 'GET', '/api/v1/books');
    expect(response.headers['content-type']).toContain('application/json');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.headers['content-security-policy']).toContain("default-src 'none'");
    expect(response.json().books[0].title).toBe('<script>alert(1)</script>');
  });

  test('health is told to everyone, part by part', async () => {
    expect((await call({ keys }, 'GET', '/health/live')).response.json()).toEqual({ live: true });
    const parts = [{ name: 'store', healthy: false, detail: 'STORE_UNREACHABLE' }];
    const { response } = await call({ keys, service: { parts: async () => parts } }, 'GET', '/health/ready');
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({ ready: false, parts });
  });

  test('the type of a problem leads to a page that explains its code', async () => {
    const { response } = await call({ keys }, 'GET', '/api/v2/books');
    const type = new URL(response.json().type, 'http://localhost:8720/api/v2/books');
    const page = await call({ keys }, 'GET', type.pathname);
    expect(page.response.statusCode).toBe(200);
    expect(page.response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(type.hash).toBe('#NOT_FOUND');
    for (const code of Object.keys(errorRegistry)) expect(page.response.body).toContain(`id="${code}"`);
  });

  test('the OpenAPI document is the one of the project', async () => {
    const path = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));
    // It is made by `npm run openapi`.
    expect(JSON.parse(JSON.stringify(await describedServer()))).toEqual(
      JSON.parse(await readFile(path, 'utf8')),
    );
  });
});

describe('who may', () => {
  const search = { payload: { query: 'a' } };
  const as = (presented: string) => ({ ...search, headers: { 'x-api-key': presented } });

  test('without keys everyone on this machine, under its own name alone', async () => {
    expect((await call({}, 'POST', '/api/v1/search', search)).response.statusCode).toBe(200);
    const headers = { host: 'library.example' };
    expect(refusalIn(await call({}, 'POST', '/api/v1/search', { ...search, headers }))).toMatchObject({
      ...{ status: 403, code: 'FORBIDDEN' },
    });
  });

  test('with keys a server on loopback answers under the name of the proxy before it', async () => {
    const headers = { host: 'library.example', 'x-api-key': 'sailor', origin: 'https://library.example' };
    expect((await call({ keys }, 'POST', '/api/v1/search', { ...search, headers })).response.statusCode).toBe(
      200,
    );
  });

  test('a server that others reach lets nobody in as long as there are no keys', async () => {
    const answer = await call({ parts: { open: false } }, 'POST', '/api/v1/search', search);
    expect(refusalIn(answer)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });

  test.each([
    ['no key', search],
    ['a wrong one', as('guessed')],
    ['an empty one', as('')],
    ['a header that is no key', { ...search, headers: { authorization: 'Basic Zm9v' } }],
  ])('with keys: %s is refused', async (_, given) => {
    const answer = await call({ keys }, 'POST', '/api/v1/search', given);
    expect(refusalIn(answer)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(answer.response.headers['www-authenticate']).toContain('Bearer');
    expect(answer.server.asked).toEqual([]);
  });

  test('with a key, in either header', async () => {
    expect((await call({ keys }, 'POST', '/api/v1/search', as('asker'))).response.statusCode).toBe(200);
    const bearer = { ...search, headers: { authorization: 'Bearer asker' } };
    expect((await call({ keys }, 'POST', '/api/v1/search', bearer)).response.statusCode).toBe(200);
  });

  test.each([
    ['asker', 'POST', '/api/v1/index', 403],
    ['asker', 'GET', '/api/v1/runs', 403],
    ['asker', 'DELETE', `/api/v1/books/${BOOK_ID}`, 403],
    ['asker', 'GET', '/metrics', 403],
    ['feeder', 'POST', '/api/v1/search', 403],
    ['feeder', 'GET', '/api/v1/runs', 200],
    ['feeder', 'GET', '/api/v1/libraries', 200],
    ['feeder', 'GET', '/api/v1/books', 403],
    ['feeder', 'GET', '/api/v1/whoami', 200],
    ['boss', 'DELETE', `/api/v1/books/${BOOK_ID}`, 200],
    ['boss', 'POST', '/api/v1/search', 200],
    ['boss', 'GET', '/metrics', 200],
  ] as const)('the scope of a key counts: %s %s %s', async (presented, method, url, status) => {
    const payload = method === 'POST' ? search : {};
    const given = { ...payload, headers: { 'x-api-key': presented } };
    expect((await call({ keys }, method, url, given)).response.statusCode).toBe(status);
  });

  test('and its libraries: its own is the default, others are not there', async () => {
    const own = await call({ keys }, 'POST', '/api/v1/search', as('sailor'));
    expect(own.server.asked).toMatchObject([{ args: [{ library: 'sea' }] }]);
    const other = { payload: { query: 'a', library: 'law' }, headers: { 'x-api-key': 'sailor' } };
    expect(refusalIn(await call({ keys }, 'POST', '/api/v1/search', other))).toMatchObject({ status: 403 });
    const headers = { 'x-api-key': 'sailor' };
    const listed = await call({ keys }, 'GET', '/api/v1/libraries', { headers });
    expect(listed.response.json()).toEqual({ libraries: [{ library: 'sea' }] });
    expect(
      refusalIn(await call({ keys }, 'GET', `/api/v1/status/law~${JOB_UUID}`, { headers })),
    ).toMatchObject({
      ...{ status: 404, code: 'JOB_NOT_FOUND' },
    });
    expect(refusalIn(await call({ keys }, 'POST', '/api/v1/runs/law/pause', { headers }))).toMatchObject({
      ...{ status: 404, code: 'NO_RUN' },
    });
  });

  test.each([
    ['POST', '/api/v1/search', { query: 'a' }],
    ['POST', '/api/v1/query', { question: 'a' }],
    ['GET', '/api/v1/books', undefined],
    ['GET', '/api/v1/failures', undefined],
  ] as const)('a key for several looks in all of them: %s %s', async (method, url, payload) => {
    const headers = { 'x-api-key': 'traveller' };
    const all = await call({ keys }, method, url, { headers, ...(payload && { payload }) });
    expect(all.response.statusCode).toBe(200);
    expect(all.server.asked[0]?.args[0]).toMatchObject({ libraries: ['sea', 'art'] });
    const narrowed = (library: string) =>
      payload
        ? call({ keys }, method, url, { headers, payload: { ...payload, library } })
        : call({ keys }, method, `${url}?library=${library}`, { headers });
    const one = await narrowed('art');
    expect(one.server.asked[0]?.args[0]).toMatchObject({ library: 'art' });
    expect(one.server.asked[0]?.args[0]).not.toHaveProperty('libraries');
    expect(refusalIn(await narrowed('law'))).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  test('and nobody widens what a key looks in', async () => {
    const given = { payload: { query: 'a', libraries: ['law'] }, headers: { 'x-api-key': 'traveller' } };
    expect(refusalIn(await call({ keys }, 'POST', '/api/v1/search', given))).toMatchObject({ status: 400 });
  });

  describe('of a foreign library, whatever the scope', () => {
    const service = {
      book: async (bookId: string) => ({
        ...{ ...cannedBook, bookId, library: 'law', format: 'pdf', sha256: 'ab', bytes: 9, mtimeMs: 1 },
        ...{ points: 4, updatedAtMs: 2 },
      }),
    };
    const everywhere = [
      'page',
      'chunks',
      'remove',
      'ask',
      'search',
      'books',
      'addJob',
      'job',
      'run',
      'steer',
    ];

    test.each([
      ['GET', `/api/v1/books/${BOOK_ID}`, undefined, 404, 'BOOK_NOT_FOUND'],
      ['GET', `/api/v1/books/${BOOK_ID}/pages/1`, undefined, 404, 'BOOK_NOT_FOUND'],
      ['GET', `/api/v1/books/${BOOK_ID}/chunks`, undefined, 404, 'BOOK_NOT_FOUND'],
      ['DELETE', `/api/v1/books/${BOOK_ID}`, undefined, 404, 'BOOK_NOT_FOUND'],
      ['GET', '/api/v1/books?library=law', undefined, 403, 'FORBIDDEN'],
      ['GET', '/api/v1/failures?library=law', undefined, 403, 'FORBIDDEN'],
      ['POST', '/api/v1/search', { query: 'a', library: 'law' }, 403, 'FORBIDDEN'],
      ['POST', '/api/v1/query', { question: 'a', library: 'law' }, 403, 'FORBIDDEN'],
      ['POST', '/api/v1/index', { paths: ['/srv'], library: 'law' }, 403, 'FORBIDDEN'],
      ['POST', '/api/v1/index?library=law', { paths: ['/srv'] }, 403, 'FORBIDDEN'],
      ['GET', `/api/v1/status/law~${JOB_UUID}`, undefined, 404, 'JOB_NOT_FOUND'],
      ['GET', '/api/v1/runs/law', undefined, 404, 'NO_RUN'],
      ['POST', '/api/v1/runs/law/pause', undefined, 404, 'NO_RUN'],
      ['POST', '/api/v1/runs/law/parallel', { parallel: 3 }, 404, 'NO_RUN'],
      ['POST', '/api/v1/runs/law/retry', { all: true }, 404, 'NO_RUN'],
    ] as const)('%s %s %j gives nothing', async (method, url, payload, status, code) => {
      const headers = { 'x-api-key': 'harbourmaster' };
      const options = { keys, service, rootsSet: true };
      const answer = await call(options, method, url, { headers, ...(payload && { payload }) });
      expect(refusalIn(answer)).toMatchObject({ status, code });
      expect(answer.server.asked.filter(({ method }) => everywhere.includes(method))).toEqual([]);
    });

    test('runs and libraries are left out of lists', async () => {
      const { response } = await call({ keys }, 'GET', '/api/v1/libraries', {
        headers: { 'x-api-key': 'harbourmaster' },
      });
      expect(response.json()).toEqual({ libraries: [{ library: 'sea' }] });
    });
  });

  test('more streams at once than a key may have open are refused; other keys have their own', async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    let asked = 0;
    const service = {
      ask: async () => {
        asked += 1;
        if (asked === 2) begun.resolve();
        await end.promise;
        return cannedAnswer;
      },
    };
    await using server = await testServer({ keys, service, limits: { streams: 2 } });
    const stream = (presented: string) => {
      const headers = { 'x-api-key': presented, accept: 'text/event-stream' };
      return server.app.inject({ method: 'POST', url: '/api/v1/query', ...ask, headers });
    };
    const open = [stream('asker'), stream('asker')];
    await begun.promise;
    const refused = await stream('asker');
    expect({ status: refused.statusCode, code: refused.json().code }).toEqual({
      ...{ status: 429, code: 'RATE_LIMITED' },
    });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const other = stream('boss');
    end.resolve();
    for (const { statusCode } of await Promise.all([...open, other])) expect(statusCode).toBe(200);
    expect((await stream('asker')).statusCode).toBe(200);
  });

  test('slow questions are told to whoever may see all that they were asked of', async () => {
    const slow = (text: string, filters: object) => ({
      ...{ atMs: 1, kind: 'search', text, filters: { topK: 3, ...filters }, totalMs: 900, timings: {} },
      ...{ results: 1, outcome: 'done' },
    });
    const all = [
      slow('of the sea', { library: 'sea' }),
      slow('of the law', { library: 'law' }),
      slow('of sea and port', { libraries: ['port', 'sea'] }),
      slow('of sea and law', { libraries: ['law', 'sea'] }),
      slow('of everything', {}),
    ];
    const told = async (presented: string) => {
      const parts = { slowQuestions: () => all };
      const headers = { 'x-api-key': presented };
      const { response } = await call({ keys, parts }, 'GET', '/api/v1/slow-questions', { headers });
      return response.json().questions.map(({ text }: { text: string }) => text);
    };
    expect(await told('boss')).toEqual(all.map(({ text }) => text));
    expect(await told('harbourmaster')).toEqual(['of the sea', 'of sea and port']);
  });

  test('figures of all libraries are for keys of all libraries', async () => {
    const headers = { 'x-api-key': 'harbourmaster' };
    expect(refusalIn(await call({ keys }, 'GET', '/metrics', { headers }))).toMatchObject({
      ...{ status: 403, code: 'FORBIDDEN', detail: expect.stringContaining('all libraries') },
    });
  });

  test('one that fails says so, and a quiet log tells of it all the same', async () => {
    const steer = async () => {
      throw new ScriptoriumError('NO_RUN', 'There is no run');
    };
    const options = { keys, service: { steer }, logLevel: 'error' };
    const headers = { 'x-api-key': 'boss' };
    const payload = { parallel: 7 };
    const { server } = await call(options, 'POST', '/api/v1/runs/sea/parallel', { headers, payload });
    const line = { action: 'run parallel', library: 'sea', parallel: 7, key: 'boss' };
    expect(server.lines).toMatchObject([
      { ...line, outcome: 'begun' },
      { ...line, outcome: 'NO_RUN' },
    ]);
  });

  test('a page of another host changes nothing, key or not', async () => {
    const headers = { origin: 'https://evil.example' };
    expect(refusalIn(await call({}, 'POST', '/api/v1/search', { ...search, headers }))).toMatchObject({
      ...{ status: 403, code: 'FORBIDDEN' },
    });
    const own = { origin: 'http://localhost:8720' };
    expect((await call({}, 'POST', '/api/v1/search', { ...search, headers: own })).response.statusCode).toBe(
      200,
    );
  });

  test('more requests a minute than a key may have are told when to come back', async () => {
    await using server = await testServer({ keys, limits: { requestsPerMinute: 2 } });
    const send = () => server.app.inject({ method: 'POST', url: '/api/v1/search', ...as('asker') });
    const statuses = [await send(), await send(), await send()];
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
    expect(Number(statuses[2]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(statuses[2]?.json()).toMatchObject({ code: 'RATE_LIMITED', status: 429 });
    expect(statuses[0]?.headers['ratelimit-remaining']).toBe('1');
    const other = await server.app.inject({ method: 'POST', url: '/api/v1/search', ...as('boss') });
    expect(other.statusCode).toBe(200);
  });

  test('every change leaves a line that says who', async () => {
    const headers = { 'x-api-key': 'boss' };
    const { server } = await call({ keys }, 'DELETE', `/api/v1/books/${BOOK_ID}`, { headers });
    const line = { audit: true, action: 'remove book', bookId: BOOK_ID, library: 'sea', way: 'http' };
    const by = { key: 'boss', keyName: "boss's", ip: '127.0.0.1' };
    expect(server.lines.filter(({ audit }) => audit === true)).toMatchObject([
      { ...line, ...by, outcome: 'begun' },
      { ...line, ...by, outcome: 'done' },
    ]);
    expect(JSON.stringify(server.lines)).not.toContain('x-api-key');
  });
});

describe('runs', () => {
  test.each([
    ['pause', undefined, { action: 'pause' }],
    ['resume', {}, { action: 'resume' }],
    ['cancel', undefined, { action: 'cancel' }],
    ['parallel', { parallel: 20 }, { action: 'parallel', parallel: 20 }],
    ['retry', undefined, { action: 'retry', all: false }],
    ['retry', { all: true }, { action: 'retry', all: true }],
  ])('%s %j', async (action, payload, change) => {
    const url = `/api/v1/runs/sea/${action}`;
    const { response, server } = await call({}, 'POST', url, payload ? { payload } : {});
    expect(response.json()).toEqual({ library: 'sea', state: 'paused', parallel: 5, books: 0 });
    expect(server.asked).toEqual([{ method: 'steer', args: ['sea', change] }]);
  });

  test.each([
    ['parallel', {}],
    ['parallel', { parallel: 0 }],
    ['parallel', { parallel: 501 }],
    ['retry', { all: 'yes' }],
    ['pause', { now: true }],
  ])('%s %j is refused', async (action, payload) => {
    const answer = await call({}, 'POST', `/api/v1/runs/sea/${action}`, { payload });
    expect(refusalIn(answer)).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
  });

  test('a change that the run does not take now is a conflict, and no bad request', async () => {
    const steer = async () => {
      throw new ScriptoriumError('RUN_NOT_READY', 'pauseRun: the run is being cancelled');
    };
    expect(refusalIn(await call({ service: { steer } }, 'POST', '/api/v1/runs/sea/pause'))).toMatchObject({
      ...{ status: 409, code: 'RUN_NOT_READY', detail: 'pauseRun: the run is being cancelled' },
    });
  });

  test('failures come with what to do', async () => {
    const failure = { stage: 'extract', code: 'ENCRYPTED', message: 'A password.', attempts: 1 } as const;
    const failed: BookSummary = { ...cannedBook, state: 'failed', failure };
    const books = async () => ({ books: [failed], next: null });
    const { response, server } = await call({ service: { books } }, 'GET', '/api/v1/failures?library=sea');
    expect(response.json().failures[0]).toMatchObject({ failure, remedy: errorRegistry.ENCRYPTED.remedy });
    expect(server.asked).toMatchObject([{ args: [{ library: 'sea', state: 'failed' }] }]);
  });
});
