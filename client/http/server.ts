/** The HTTP server: routes, who may use them, limits, and the document that describes them. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import fastifyCors from '@fastify/cors';
import fastifyHelmet from '@fastify/helmet';
import fastifyMultipart from '@fastify/multipart';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import { propagation, context as traceContext } from '@opentelemetry/api';
import Fastify, { type FastifyBaseLogger, type FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { v4 as randomId } from 'uuid';
import { ScriptoriumError } from '../../activities/errors.ts';
import type { App, RouteContext, ServerParts } from './app.ts';
import { BODY_TIMEOUT_MS, HEAD_TIMEOUT_MS, IDLE_TIMEOUT_MS, MAX_JSON_BYTES, MAX_PARAM } from './limits.ts';
import { refuseOtherMethods } from './methods.ts';
import { describeService, documentOf } from './openapi.ts';
import { assertOwnPage, corsFor } from './origins.ts';
import { assertScope, principalOf } from './principal.ts';
import { fromFastify, PROBLEM_TYPE, problemOf, retryAfterOf } from './problems.ts';
import { bookRoutes } from './routes/books.ts';
import { errorRoutes } from './routes/errors.ts';
import { jobRoutes } from './routes/jobs.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { questionRoutes } from './routes/questions.ts';
import { runRoutes } from './routes/runs.ts';
import { serviceRoutes } from './routes/service.ts';
import { OpenStreams } from './streams.ts';

export interface ServerOptions extends ServerParts {
  readonly logger: FastifyBaseLogger;
}

/** Not listening yet. */
export async function createHttpServer(options: ServerOptions): Promise<App> {
  const app: App = Fastify({
    loggerInstance: options.logger,
    disableRequestLogging: true,
    bodyLimit: MAX_JSON_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM },
    genReqId: () => randomId(),
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: 0, connectionsCheckingInterval: 2_000 },
    // A key named `__proto__` is no reason to fail: the schemas take no key that they do not name.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    clientErrorHandler: refuseGarbage,
    frameworkErrors: (error, request, reply) => {
      const told = problemOf(fromFastify(error), request.id);
      reply.hijack();
      reply.raw.writeHead(told.status, { 'content-type': PROBLEM_TYPE }).end(JSON.stringify(told));
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('principal', null);
  tellProblems(app);
  await protect(app, options);
  followTraces(app);
  await describe(app, options);
  const context: RouteContext = { ...options, streams: new OpenStreams(options.limits.streams) };
  await app.register(async (routes) => {
    const typed: App = routes;
    refuseOtherMethods(typed, () => {
      questionRoutes(typed, context);
      bookRoutes(typed, context);
      jobRoutes(typed, context);
      runRoutes(typed, context);
      serviceRoutes(typed, context);
      errorRoutes(typed);
      mcpRoutes(typed, context);
      typed.get('/openapi.json', { schema: { hide: true } }, async () =>
        documentOf(app, options.open && (await options.keys.isEmpty())),
      );
    });
  });
  await serveDashboard(app, options);
  return app;
}

function tellProblems(app: App): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = fromFastify(thrown);
    const told = problemOf(error, request.id);
    if (told.status >= 500) request.log.error({ error: thrown, url: request.url }, 'request failed');
    const wait = retryAfterOf(error);
    if (wait !== null && !reply.hasHeader('retry-after')) void reply.header('retry-after', wait);
    if (told.status === 401) void reply.header('www-authenticate', 'Bearer realm="scriptorium"');
    // The rest of a body that nobody reads would hold up the next request on the connection.
    const unread =
      told.status === 413 || told.status === 408 || request.isMultipart() || !request.raw.complete;
    if (unread) {
      void reply.header('connection', 'close');
      await discarded(request.raw);
    }
    // Not through the schema of the answer: that of a failure is the same for all.
    return await reply
      .code(told.status)
      .header('content-type', PROBLEM_TYPE)
      .serializer((payload: unknown) => JSON.stringify(payload))
      .send(told);
  });
  app.setNotFoundHandler((request) => {
    throw new ScriptoriumError(
      'NOT_FOUND',
      `There is nothing at ${request.method} ${request.url.slice(0, 200)}`,
    );
  });
}

/** Longest time that is given to the rest of a body that nobody reads. */
const LINGER_MS = 500;

/** A connection that is closed while something lies unread in it is reset, and the sender may never see why it was refused. */
async function discarded(raw: IncomingMessage): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
  await finished(raw, { cleanup: true, signal: AbortSignal.timeout(LINGER_MS) }).catch(() => {});
}

/** What a socket sent was no HTTP, or came too slowly. */
function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const code = slow ? 'REQUEST_TIMEOUT' : 'INVALID_ARGUMENT';
  const told = problemOf(
    new ScriptoriumError(code, slow ? 'The request did not arrive in time' : 'The request is no valid HTTP'),
    randomId(),
  );
  const body = JSON.stringify(told);
  socket.end(
    `HTTP/1.1 ${told.status} ${slow ? 'Request Timeout' : 'Bad Request'}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function protect(app: App, { keys, open, limits }: ServerOptions): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: true,
    // Behind a proxy with TLS this is the proxy's to say.
    strictTransportSecurity: false,
  });
  if (limits.corsOrigins.length > 0) await app.register(fastifyCors, corsFor(limits.corsOrigins));
  app.addHook('onRequest', async (request) => {
    // A proxy passes on a name of its own, to a server that asks for keys.
    const lacksKeys = open && (await keys.isEmpty());
    assertOwnPage(request, { open: lacksKeys, corsOrigins: limits.corsOrigins });
    const { scope } = request.routeOptions.config;
    if (scope === undefined) return;
    request.principal = await principalOf(keys, request.headers, lacksKeys);
    if (scope !== 'any') assertScope(request.principal, scope);
  });
  await app.register(fastifyRateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    hook: 'preParsing',
    enableDraftSpec: true,
    allowList: ({ principal }) => principal !== null && !principal.keyNeeded,
    keyGenerator: ({ principal, ip }) => principal?.id ?? ip,
    errorResponseBuilder: (_, { after }) =>
      new ScriptoriumError(
        'RATE_LIMITED',
        `More than ${limits.requestsPerMinute} requests a minute; wait ${after}`,
      ),
  });
  await app.register(fastifyMultipart, { throwFileSizeLimit: false });
  limitBodies(app, limits.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
}

/** What the caller traces goes on here (W3C Trace Context). Nothing happens where this process sends no traces. */
function followTraces(app: App): void {
  app.addHook('preHandler', (request, _, done) =>
    traceContext.with(propagation.extract(traceContext.active(), request.headers), done),
  );
}

/** A body of JSON must be there in time; an upload may take hours, but not be silent. */
function limitBodies(app: App, timeoutMs: number): void {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  const stop = (request: FastifyRequest): void => clearTimeout(timers.get(request));
  app.addHook('preParsing', async (request) => {
    if (request.isMultipart()) return;
    const late = (): void => {
      const error = new ScriptoriumError(
        'REQUEST_TIMEOUT',
        `The body did not arrive in ${timeoutMs / 1_000} s`,
      );
      // Whoever reads it ends with this as with any failure, and the connection is left for the answer that says why.
      if (request.raw.listenerCount('error') > 0) request.raw.emit('error', error);
      else request.raw.destroy();
    };
    timers.set(request, setTimeout(late, timeoutMs));
  });
  app.addHook('preValidation', async (request) => {
    stop(request);
    // An answer may take longer than a request may be silent; of an upload `UploadWatch` sees that it goes on.
    const { socket } = request.raw;
    if (socket instanceof Socket) socket.setTimeout(0);
  });
  app.addHook('onError', async (request) => stop(request));
  app.addHook('onRequestAbort', async (request) => stop(request));
}

async function describe(app: App, { version }: ServerOptions): Promise<void> {
  await app.register(fastifySwagger, {
    ...describeService(version),
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { deepLinking: false, persistAuthorization: false },
  });
}

async function serveDashboard(app: App, { dashboard }: ServerOptions): Promise<void> {
  if (dashboard === null) return;
  await app.register(fastifyStatic, {
    ...{ root: dashboard, prefix: '/', wildcard: false, index: ['index.html'] },
    // Names of assets change with their content; that of the page does not.
    setHeaders: (reply, path) => {
      const immutable = path.startsWith(join(dashboard, 'assets'));
      void reply.header('cache-control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
