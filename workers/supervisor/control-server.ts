/** The service on loopback through which other processes ask a running stack how it is, or to stop. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { StackStatus } from '../../client/stack-state.ts';

export interface ControlHandlers {
  /** Without a look at the parts: at once, whatever state they are in. */
  alive(): StackStatus;
  /** With the health of every part. */
  status(): Promise<StackStatus>;
  /** Begins to stop the stack. */
  down(): void;
}

export interface ControlServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
}

export async function startControlServer(handlers: ControlHandlers): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    handle(request, response, handlers, token).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the control service has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
  token: string,
): Promise<void> {
  if (!isAuthorized(request.headers.authorization ?? '', token)) {
    response.writeHead(401).end();
  } else if (request.method === 'GET' && request.url === '/alive') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(handlers.alive()));
  } else if (request.method === 'GET' && request.url === '/status') {
    const status = JSON.stringify(await handlers.status());
    response.writeHead(200, { 'content-type': 'application/json' }).end(status);
  } else if (request.method === 'POST' && request.url === '/down') {
    response.writeHead(202).end();
    handlers.down();
  } else {
    response.writeHead(404).end();
  }
}

function isAuthorized(header: string, token: string): boolean {
  const given = Buffer.from(header);
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
