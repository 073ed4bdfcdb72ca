/** `/metrics`, for Prometheus: our own figures and those of Temporal's core on one page. */
import { createServer } from 'node:http';
import { type ListenAddress, listenOnOneOf, urlOf } from '../listen-address.ts';
import { METRICS_RULE } from './settings.ts';

export interface MetricsServer extends AsyncDisposable {
  /** Of the page. */
  readonly url: string;
}

export interface MetricsServerOptions {
  readonly address: ListenAddress;
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
  const port = await listenOnOneOf(server, address, METRICS_RULE.variable);
  return {
    url: urlOf(address.host, port, '/metrics'),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
