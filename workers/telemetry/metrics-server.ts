/** `/metrics`, for Prometheus: our own figures and those of Temporal's core on one page. */
import { createServer, type Server } from 'node:http';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { MetricsAddress } from './settings.ts';

export interface MetricsServer extends AsyncDisposable {
  /** Of the page. */
  readonly url: string;
}

export interface MetricsServerOptions {
  readonly address: MetricsAddress;
  page(): Promise<string>;
}

/** @throws ScriptoriumError INVALID_CONFIG when none of the ports can be had */
export async function startMetricsServer({ address, page }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    page().then(
      (text) =>
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const port = await listenOnOneOf(server, address);
  const { host } = address;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listenOnOneOf(server: Server, { host, firstPort, lastPort }: MetricsAddress): Promise<number> {
  let last: unknown = null;
  for (let port = firstPort; port <= lastPort; port++) {
    try {
      await listen(server, host, port);
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    } catch (error) {
      last = error;
      if (!isTaken(error)) break;
    }
  }
  throw new ScriptoriumError('INVALID_CONFIG', `SCRIPTORIUM_METRICS_ADDRESS: ${String(last)}`, {
    cause: last,
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}
