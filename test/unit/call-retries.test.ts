/** A program that leaves while Temporal does not answer ends as it wants to, and not by an exception of a timer. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Http2Server } from 'node:http2';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/** Answers the first call, by which the client connects, and says of all others that it is unavailable. */
let server: Http2Server;
let address: string;

beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream, headers) => {
    const first = String(headers[':path']).endsWith('/GetSystemInfo');
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': first ? '0' : '14' }));
    stream.end(first ? Buffer.alloc(5) : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  address = `127.0.0.1:${bound.port}`;
});

afterAll(() => void server.close());

test('a connection that is closed while a call is being retried', async () => {
  const module = new URL('../../client/connection.ts', import.meta.url).href;
  const program = `
    const { connectTemporal } = await import(${JSON.stringify(module)});
    const client = await connectTemporal({ address: ${JSON.stringify(address)} });
    const call = client.workflow.getHandle('w').describe().catch((error) => 'failed');
    await new Promise((resolve) => setTimeout(resolve, 900));
    await client.connection.close();
    console.log(await call);
  `;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', program],
    { env },
  );
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'failed', stderr: '' });
}, 30_000);
