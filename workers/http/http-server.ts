/** The HTTP server of a process that serves questions. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { sniffFormat } from '../../activities/adapters/documents/sniff.ts';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { App } from '../../client/http/app.ts';
import { KeyStore } from '../../client/http/keys.ts';
import { createHttpServer } from '../../client/http/server.ts';
import { UploadFolder } from '../../client/http/uploads.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import type { Config } from '../config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { LocalService } from './local-service.ts';

export interface HttpServer extends AsyncDisposable {
  /** Of the page that people open. */
  readonly url: string;
}

export interface HttpServerOptions {
  readonly config: Config;
  readonly worker: WorkerProcess;
  /** On the connection of the worker. */
  readonly temporal: Client;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly version: string;
}

/** @throws ScriptoriumError INVALID_CONFIG when none of the ports can be had, STACK_UNREACHABLE */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, worker, temporal, telemetry, logger, version } = options;
  await using opened = new AsyncDisposableStack();
  const client = opened.use(await ScriptoriumClient.connect({ env: config.env }));
  const keys = new KeyStore(config.home.keysFile);
  const address = await allowedAddress(config, keys, logger);
  const { maxFileBytes } = config.sandbox.limits;
  const uploads = new UploadFolder({
    ...{ folder: config.home.uploads, maxFileBytes },
    sniff: (path) => sniffFormat(path, config.sandbox.limits),
  });
  await uploads.open();
  const app = await createHttpServer({
    service: new LocalService({ desk: worker.desk, parts: worker.parts, temporal, client }),
    ...{ keys, uploads, logger, version },
    limits: { ...config.http.limits, maxFileBytes },
    open: isLoopback(address.host),
    rootsSet: config.roots.length > 0,
    metrics: telemetry.metricsPage,
    slowQuestions: () => telemetry.slowQuestions,
    dashboard: dashboardFolder(),
  });
  opened.defer(() => app.close());
  const url = await listenOnOneOf(app, address);
  const owned = opened.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type HttpAddress = Config['http']['address'];

/** Without a key anyone who reaches the server could do anything: then only this machine reaches it. */
async function allowedAddress(
  { http: { address } }: Config,
  keys: KeyStore,
  logger: Logger,
): Promise<HttpAddress> {
  if (isLoopback(address.host) || !(await keys.isEmpty())) return address;
  logger.warn(
    { wanted: address.host },
    'there is no API key, so the server listens on this machine only; make one with `scriptorium keys add`, and start it again',
  );
  return { ...address, host: '127.0.0.1' };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function listenOnOneOf(app: App, { host, firstPort, lastPort }: HttpAddress): Promise<string> {
  for (let port = firstPort; ; port++) {
    try {
      return await app.listen({ host, port });
    } catch (cause) {
      const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
      if (taken && port < lastPort) continue;
      throw new ScriptoriumError('INVALID_CONFIG', `SCRIPTORIUM_HTTP_ADDRESS: ${String(cause)}`, { cause });
    }
  }
}

/** Beside the built client; in a checkout that was not built there is none. */
function dashboardFolder(): string | null {
  const folder = fileURLToPath(new URL('../../client/dashboard', import.meta.url));
  return existsSync(`${folder}/index.html`) && !existsSync(`${folder}/main.tsx`) ? folder : null;
}
