/** A server that is told to stop answers what it was asked. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect, test } from '@jest/globals';
import { closed, drained } from '../../../workers/http/drained.ts';

/** Answers after `ms`; asked for `/stream`, it begins an answer that never ends. */
async function slowServer(ms: number): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    if (request.url === '/stream') response.writeHead(200).write('…');
    else setTimeout(() => response.end('answer'), ms);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
}

test('what was asked is answered, and nothing else is taken', async () => {
  const { server, url } = await slowServer(300);
  const asked = fetch(url);
  await once(server, 'request');
  const done = drained(server);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  await done;
  expect(await (await asked).text()).toBe('answer');
});

test.each([
  ['after it was drained', true],
  ['at once', false],
])('an answer that never ends is not waited for, %s', async (_, drainedBefore) => {
  const { server, url } = await slowServer(0);
  const response = await fetch(`${url}/stream`);
  const ended = expect(response.text()).rejects.toThrow('terminated');
  if (drainedBefore) await drained(server, 200);
  await closed({ server, close: () => new Promise((resolve) => server.close(resolve)) });
  await ended;
});
