import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { request as secureRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';

/** What the proxy does with a request: passes it on, passes it on and loses the answer, answers by itself, or never answers. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    };

export interface TestProxy {
  readonly url: string;
  /** One for all requests, or one chosen for each. */
  mode: ProxyMode | ((request: IncomingMessage) => ProxyMode);
  /** `METHOD /path?query` of every request so far. */
  readonly requests: string[];
  /** Cuts every connection and listens no more. */
  stop(): Promise<void>;
}

/** An HTTP server on loopback in front of `target`, so that a test can take the server away, or let it misbehave. */
export async function startProxy(target: () => string): Promise<TestProxy> {
  const proxy: Omit<TestProxy, 'stop'> = { url: '', mode: { kind: 'pass' }, requests: [] };
  const server = createServer((incoming, outgoing) => {
    proxy.requests.push(`${incoming.method} ${incoming.url}`);
    const mode = typeof proxy.mode === 'function' ? proxy.mode(incoming) : proxy.mode;
    if (mode.kind === 'pass') void forward(target(), incoming, outgoing);
    if (mode.kind === 'lose-answer') void forward(target(), incoming, outgoing, () => outgoing.destroy());
    if (mode.kind === 'answer') outgoing.writeHead(mode.status, mode.headers).end(mode.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${address.port}`,
    stop: async (): Promise<void> => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answered: (answer: IncomingMessage) => void = (answer) => relay(answer, outgoing),
): Promise<void> {
  const url = new URL(incoming.url ?? '/', target);
  const open = url.protocol === 'https:' ? secureRequest : request;
  const { host: _, ...headers } = incoming.headers;
  const upstream = open(url, { method: incoming.method ?? 'GET', headers });
  upstream.on('response', answered);
  await pipeline(incoming, upstream).catch(() => outgoing.destroy());
}

function relay(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  pipeline(answer, outgoing).catch(() => outgoing.destroy());
}
