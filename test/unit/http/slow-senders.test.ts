/** Who sends too slowly is told so, and let go. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { type TestServer, testServer } from '../../helpers/http-server.ts';

/** All that comes back, until the server closes the connection. */
async function answerTo(server: TestServer, ...lines: readonly string[]): Promise<string> {
  const socket = connect(await server.listen(), '127.0.0.1');
  socket.write(lines.join('\r\n'));
  return await text(socket);
}

describe('who sends a body of JSON too slowly', () => {
  test('gets a problem document, and the connection is closed', async () => {
    await using server = await testServer({ limits: { bodyTimeoutMs: 50 } });
    const answer = await answerTo(
      server,
      ...['POST /api/v1/query HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'],
      ...['Content-Length: 100', '', '{"question":'],
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/^connection: close\r$/im);
    expect(answer).toMatch(/^content-type: application\/problem\+json/im);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect(server.asked).toEqual([]);
  });
});
