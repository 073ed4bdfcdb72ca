/** An upload is kept whole, under a name that nobody can make into a path, or not at all. */
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ErrorCode, ScriptoriumError } from '../../../activities/errors.ts';
import { safeName } from '../../../client/http/uploads.ts';
import { eventually } from '../../helpers/eventually.ts';
import { jobOf, type ServerOptions, type TestServer, testServer } from '../../helpers/http-server.ts';

const PDF = '%PDF-1.7 a book';

async function send(
  server: TestServer,
  files: readonly (readonly [string, string])[],
  url = '/api/v1/index',
) {
  const form = new FormData();
  for (const [name, content] of files) form.append('file', new Blob([content]), name);
  const request = new Request('http://localhost', { method: 'POST', body: form });
  return await server.app.inject({
    ...{ method: 'POST', url, payload: Buffer.from(await request.arrayBuffer()) },
    headers: { host: 'localhost', 'content-type': request.headers.get('content-type') ?? '' },
  });
}

/** What was asked of the service but whether there is room. */
const handedIn = ({ asked }: TestServer) => asked.filter(({ method }) => method !== 'assertRoom');
const failing = (code: ErrorCode) => async () => {
  throw new ScriptoriumError(code, 'Not now');
};

const SHA16 = /^default\/[0-9a-f]{16}\//;

describe('an upload', () => {
  test('is kept and handed in as one job', async () => {
    await using server = await testServer();
    const response = await send(server, [
      ['a.pdf', PDF],
      ['b.txt', 'plain'],
    ]);
    expect(response.statusCode).toBe(202);
    const { jobId } = response.json();
    expect(response.headers.location).toBe(`/api/v1/status/${encodeURIComponent(jobId)}`);
    const files = [...(await server.files())].sort();
    expect(files.map((file) => file.replace(SHA16, ''))).toEqual(expect.arrayContaining(['a.pdf', 'b.txt']));
    expect(files).toHaveLength(2);
    const [{ args = [] } = {}] = handedIn(server);
    expect(args[0]).toBe('default');
    expect(args[1]).toEqual(expect.arrayContaining(files.map((file) => `${server.uploads}/${file}`)));
  });

  test('sent twice is one book, and two books of one name are two', async () => {
    await using server = await testServer();
    await send(server, [['a.pdf', PDF]]);
    await send(server, [['a.pdf', PDF]]);
    await send(server, [['a.pdf', `${PDF} another`]]);
    expect(await server.files()).toHaveLength(2);
  });

  test('goes into the library that is named', async () => {
    await using server = await testServer();
    await send(server, [['a.pdf', PDF]], '/api/v1/index?library=sea');
    expect((await server.files())[0]).toMatch(/^sea\//);
    expect((await send(server, [['a.pdf', PDF]], '/api/v1/index?library=../x')).statusCode).toBe(400);
  });

  test('gets an ending by what it is', async () => {
    await using server = await testServer();
    await send(server, [['thesis', PDF]]);
    expect((await server.files())[0]?.replace(SHA16, '')).toBe('thesis.pdf');
  });

  test.each<[string, readonly (readonly [string, string])[], number, string, ServerOptions]>([
    ['without a file', [], 400, 'INVALID_ARGUMENT', {}],
    [
      'with a program',
      [
        ['a.pdf', PDF],
        ['b.pdf', '\u007fELF'],
      ],
      415,
      'UNSUPPORTED_FORMAT',
      {},
    ],
    ['with an empty file', [['a.pdf', '']], 422, 'EMPTY_FILE', {}],
    [
      'with a file over the limit',
      [['a.txt', 'x'.repeat(2_000)]],
      413,
      'TOO_LARGE',
      { limits: { maxFileBytes: 1_000 } },
    ],
    [
      'with more in all its files than an upload may have',
      [
        ['a.txt', 'x'.repeat(900)],
        ['b.txt', 'x'.repeat(900)],
      ],
      413,
      'TOO_LARGE',
      { limits: { maxUploadBytes: 1_500 } },
    ],
    [
      'for which the disk has no room',
      [['a.txt', 'x']],
      503,
      'DISK_FULL',
      { limits: { minFreeBytes: Number.MAX_SAFE_INTEGER } },
    ],
    [
      'with a hundred and one files',
      Array.from({ length: 101 }, (_, n) => [`${n}.txt`, 'x'] as const),
      400,
      'INVALID_ARGUMENT',
      {},
    ],
  ])('%s is refused, and nothing of it stays', async (_, files, status, code, options) => {
    await using server = await testServer(options);
    const response = await send(server, files);
    expect(response.json()).toMatchObject({ status, code });
    expect(response.body).not.toContain(server.uploads);
    expect(await server.files()).toEqual([]);
    expect(handedIn(server)).toEqual([]);
  });

  test.each([
    ['without a boundary', 'multipart/form-data', 'x'],
    [
      'that ends in its middle',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc',
    ],
    [
      'whose head of a part is garbage',
      'multipart/form-data; boundary=b',
      '--b\r\n\u0000\r\n\r\nabc\r\n--b--\r\n',
    ],
  ])('%s is a bad request', async (_, type, payload) => {
    await using server = await testServer();
    const headers = { host: 'localhost', 'content-type': type };
    const response = await server.app.inject({ method: 'POST', url: '/api/v1/index', payload, headers });
    expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
    expect(await server.files()).toEqual([]);
  });

  test('that is refused is dropped again', async () => {
    await using server = await testServer({ service: { addJob: failing('JOBS_FULL') } });
    const refused = await send(server, [['a.pdf', PDF]]);
    expect({ status: refused.statusCode, wait: refused.headers['retry-after'] }).toEqual({
      status: 429,
      wait: '60',
    });
    expect(await server.files()).toEqual([]);
  });

  test('for whose job there is no room is refused before it is read', async () => {
    await using server = await testServer({ service: { assertRoom: failing('JOBS_FULL') } });
    const response = await send(server, [['a.html', 'no book by its content, which nobody looks at']]);
    expect(response.json()).toMatchObject({ status: 429, code: 'JOBS_FULL' });
    expect(server.asked.map(({ method }) => method)).toEqual(['assertRoom']);
  });

  test.each(['STACK_UNREACHABLE', 'INTERNAL'] as const)(
    'that somebody may have taken, for all that is known, stays: %s',
    async (code) => {
      await using server = await testServer({ service: { addJob: failing(code) } });
      expect((await send(server, [['a.pdf', PDF]])).statusCode).toBeGreaterThanOrEqual(500);
      expect(await server.files()).toHaveLength(1);
    },
  );

  test('that is refused does not take away the book of another, sent meanwhile', async () => {
    const refused = Promise.withResolvers<never>();
    let calls = 0;
    const addJob = async () => (++calls === 1 ? await refused.promise : jobOf('default', []));
    await using server = await testServer({ service: { addJob } });
    const first = send(server, [['a.pdf', PDF]]);
    await eventually(() => calls === 1);
    expect((await send(server, [['a.pdf', PDF]])).statusCode).toBe(202);
    refused.reject(new ScriptoriumError('JOBS_FULL', 'Too many jobs wait'));
    expect((await first).statusCode).toBe(429);
    expect(await server.files()).toHaveLength(1);
  });

  test('that breaks off leaves nothing', async () => {
    await using server = await testServer();
    const socket = connect(await server.listen(), '127.0.0.1');
    const head = ['POST /api/v1/index HTTP/1.1', 'Host: localhost', 'Content-Length: 99999'];
    const body = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7';
    socket.write([...head, 'Content-Type: multipart/form-data; boundary=b', '', body].join('\r\n'));
    await eventually(async () => (await server.files()).length === 1);
    socket.destroy();
    await eventually(async () => (await server.files()).length === 0);
    expect(handedIn(server)).toEqual([]);
  });
});

describe('a name that was sent', () => {
  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\book.pdf', 'book.pdf'],
    ['a\u0000b\u202Egpj.pdf', 'a b gpj.pdf'],
    ['...', 'book'],
    ['.pdf', 'pdf'],
    ['', 'book'],
    [undefined, 'book'],
    [`${'x'.repeat(300)}.epub`, `${'x'.repeat(60)}.epub`],
    ['Café – Ölmühle.epub', 'Café – Ölmühle.epub'],
  ])('%j is kept as %j', (sent, kept) => {
    expect(safeName(sent)).toBe(kept);
  });

  test('and has no end is read from its end alone', () => {
    const startedMs = performance.now();
    expect(safeName(`x${' '.repeat(80_000)}x.pdf`)).toBe('x.pdf');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test('whatever it is, it is the name of one file', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (sent) => {
        const name = safeName(sent);
        expect(name).toMatch(/^[^/\\\p{Cc}]+$/u);
        expect(name.startsWith('.')).toBe(false);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
    );
  });
});
