/** Who sends too slowly is told so, and let go. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../../helpers/eventually.ts';
import { testServer } from '../../helpers/http-server.ts';

/** A connection on which these lines were sent. */
function sent(port: number, ...lines: readonly string[]): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.write(lines.join('\r\n'));
  return socket;
}

/** An upload without an end. */
const uploading = (port: number): Socket => sent(port, ...HEAD, '', chunk(PART), '');
const HEAD = [
  ...['POST /api/v1/index HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'],
  'Content-Type: multipart/form-data; boundary=b',
];
const PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc';
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}`;

describe('who sends a body of JSON too slowly', () => {
  test('gets a problem document, and the connection is closed', async () => {
    await using server = await testServer({ limits: { bodyTimeoutMs: 50 } });
    const socket = sent(
      await server.listen(),
      ...['POST /api/v1/query HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'],
      ...['Content-Length: 100', '', '{"question":'],
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toMatch(/^content-type: application\/problem\+json/im);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(server.asked).toEqual([]);
  });
});

describe('who is refused before the body has come', () => {
  test('hears that the connection ends, and it does', async () => {
    await using server = await testServer({ parts: { open: false } });
    const socket = sent(
      await server.listen(),
      ...['POST /api/v1/query HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'],
      ...['Content-Length: 500000', '', '{'],
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/^connection: close\r$/im);
  });
});

test('who is refused while the body is on its way hears of it when that is read: a reset would keep the answer from him', async () => {
  await using server = await testServer({ parts: { open: false } });
  const socket = sent(
    await server.listen(),
    ...['POST /api/v1/query HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'],
    ...['Content-Length: 500000', '', '{'],
  );
  let answer = '';
  socket.on('data', (piece: Buffer) => (answer += piece.toString()));
  await delay(100);
  expect(answer).toBe('');
  socket.write(Buffer.alloc(499_999, ' '));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
});

describe('an upload', () => {
  test('that comes in too slowly is told so, and nothing of it stays', async () => {
    await using server = await testServer({ limits: { leastUploadRate: 1_000_000, uploadGraceMs: 50 } });
    const answer = await text(uploading(await server.listen()));
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    await eventually(async () => (await server.files()).length === 0);
    expect(server.asked.map(({ method }) => method)).toEqual(['assertRoom']);
  });

  test('that outgrows its limit in what is no file is refused', async () => {
    await using server = await testServer({ limits: { maxUploadBytes: 10_000, uploadGraceMs: 50 } });
    const socket = sent(await server.listen(), ...HEAD, '', '');
    const timer = setInterval(() => socket.write(`${chunk('no part of a form '.repeat(50))}\r\n`), 1);
    let answer = '';
    // Who still sends when the connection is closed hears that as an error.
    socket.on('data', (data) => (answer += data)).on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(timer);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"code":"TOO_LARGE"');
  });

  test('of a key that has as many as it may is refused, until one of them has ended', async () => {
    await using server = await testServer({ limits: { uploadsAtOnce: 2 } });
    const port = await server.listen();
    const open = [uploading(port), uploading(port)];
    await eventually(async () => (await server.files()).length === 2);
    const refusal = await text(uploading(port));
    expect(refusal).toMatch(/^HTTP\/1.1 429 /);
    expect(refusal).toContain('"code":"RATE_LIMITED"');
    for (const socket of open) socket.destroy();
    await eventually(async () => (await server.files()).length === 0);
    uploading(port);
    await eventually(async () => (await server.files()).length === 1);
  });
});

describe('connections that send nothing', () => {
  test('hold up nobody, and are closed once the head of a request is due', async () => {
    await using server = await testServer();
    // Looked at every two seconds.
    server.app.server.headersTimeout = 100;
    const port = await server.listen();
    const silent = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'));
    const closed = silent.map(async (socket) => await text(socket));
    await Promise.all(silent.map(async (socket) => await once(socket, 'connect')));
    const live = await fetch(`http://127.0.0.1:${port}/health/live`);
    expect(live.status).toBe(200);
    for (const answer of await Promise.all(closed)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });
});
