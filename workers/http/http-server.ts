/** The HTTP server of a process that serves questions. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { sniffFormat } from '../../activities/adapters/documents/sniff.ts';
import { audited, auditLog } from '../../client/audit.ts';
import { KeyStore } from '../../client/http/keys.ts';
import { createHttpServer } from '../../client/http/server.ts';
import { pathRights } from '../../client/http/server-paths.ts';
import { UploadFolder } from '../../client/http/uploads.ts';
import { ScriptoriumClient } from '../../client/index.ts';
import { createMcpHandler } from '../../client/mcp/http.ts';
import { createMcpServer } from '../../client/mcp/server.ts';
import type { Config } from '../config.ts';
import { type ListenAddress, listenOnOneOf, urlOf } from '../listen-address.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { closed, drained } from './drained.ts';
import { LocalService } from './local-service.ts';
import { HTTP_RULE } from './settings.ts';

export interface HttpServer extends AsyncDisposable {
  /** Of the page that people open. */
  readonly url: string;
  /** Takes no connection any more; resolves when what was asked is answered, after five seconds at the latest. */
  drain(): Promise<void>;
}

export interface HttpServerOptions {
  readonly config: Config;
  readonly address: ListenAddress;
  readonly worker: WorkerProcess;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly version: string;
}

/** Sessions of MCP: of one key as many as it may have streams, and of all keys together so many times that, or the least. */
const SESSIONS_TO_STREAMS = 10;
const LEAST_SESSIONS = 200;

/** @throws ScriptoriumError INVALID_CONFIG when none of the ports can be had, STACK_UNREACHABLE */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, worker, telemetry, logger, version, address: wanted } = options;
  const { requestsPerMinute, streams, corsOrigins } = config.http;
  await using opened = new AsyncDisposableStack();
  const client = opened.use(await ScriptoriumClient.connect({ env: config.env }));
  const keys = new KeyStore(config.home.keysFile);
  const address = await allowedAddress(wanted, keys, logger);
  const uploads = opened.use(
    new UploadFolder({
      ...{ folder: config.home.uploads, limits: config.http.uploads },
      sniff: (path) => sniffFormat(path, config.sandbox.limits),
    }),
  );
  await uploads.open();
  const service = new LocalService({ ...worker, client });
  const open = isLoopback(address.host);
  const serverPaths = { rootsSet: config.roots.length > 0, uploads: config.home.uploads };
  const mcp = opened.use(
    createMcpHandler(
      (principal, ip) =>
        createMcpServer({
          ...{ service, principal, version, paths: pathRights(principal, serverPaths) },
          audit: (action, target, change) => {
            const { id: key, name: keyName } = principal;
            return audited(auditLog(logger), { action, key, keyName, ip, way: 'mcp' }, target, change);
          },
        }),
      { mostOfOne: streams, most: Math.max(LEAST_SESSIONS, SESSIONS_TO_STREAMS * streams) },
    ),
  );
  const app = await createHttpServer({
    ...{ service, keys, uploads, logger, version, mcp, open, serverPaths },
    limits: { requestsPerMinute, streams, corsOrigins },
    metrics: telemetry.metricsPage,
    slowQuestions: () => telemetry.slowLog.latest,
    dashboard: dashboardFolder(),
  });
  opened.defer(() => closed(app));
  await app.ready();
  const port = await listenOnOneOf(app.server, address, HTTP_RULE.variable);
  const url = urlOf(address.host, port);
  const owned = opened.move();
  let draining: Promise<void> | null = null;
  return {
    url,
    drain: () => (draining ??= drained(app.server)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Without a key anyone who reaches the server could do anything: then only this machine reaches it. */
async function allowedAddress(
  address: ListenAddress,
  keys: KeyStore,
  logger: Logger,
): Promise<ListenAddress> {
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

/** Beside the built client; where it was not built, as in a checkout that runs from its sources, there is none. */
function dashboardFolder(): string | null {
  const folder = fileURLToPath(new URL('../../client/dashboard', import.meta.url));
  return existsSync(join(folder, 'assets')) ? folder : null;
}
