/** What the routes are given: the server with its types, and what stands behind it. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { z } from 'zod';
import { audited, auditLog } from '../audit.ts';
import type { McpHandler } from '../mcp/http.ts';
import { type Problem, problem, type Scope } from './contract.ts';
import type { HttpLimits } from './limits.ts';
import type { KeyFinder, Principal } from './principal.ts';
import type { ServerPathOptions } from './server-paths.ts';
import type { Service } from './service.ts';
import type { OpenStreams } from './streams.ts';
import type { UploadFolder } from './uploads.ts';

/** Requests are what their schemas give, and replies what these take; ours are made of what nobody may change. */
interface Schemas extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  readonly serializer: this['schema'] extends z.ZodType ? Unchanging<z.output<this['schema']>> : unknown;
}

type Unchanging<T> = T extends readonly (infer E)[]
  ? readonly Unchanging<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Unchanging<T[K]> }
    : T;

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  Schemas
>;

export interface SlowQuestion {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: string;
  /** Null where the configuration keeps texts out of logs. */
  readonly text: string | null;
  /** What was asked for beside the text; `library` or `libraries`, unless it was about all. */
  readonly filters: Readonly<Record<string, unknown>>;
  readonly totalMs: number;
  readonly timings: Readonly<Record<string, number>>;
  readonly results: number;
  readonly outcome: string;
}

export interface ServerParts {
  readonly service: Service;
  readonly keys: KeyFinder;
  readonly uploads: UploadFolder;
  readonly limits: HttpLimits;
  /** Whether whoever reaches the server may use it while there is no key: it listens on loopback only. */
  readonly open: boolean;
  readonly serverPaths: ServerPathOptions;
  /** The page for Prometheus; null where there is none. */
  readonly metrics: (() => Promise<string>) | null;
  /** The latest, newest first. */
  slowQuestions(): readonly SlowQuestion[];
  readonly mcp: McpHandler;
  /** Folder of the built dashboard; null where it was not built. */
  readonly dashboard: string | null;
  readonly version: string;
}

export interface RouteContext extends ServerParts {
  readonly streams: OpenStreams;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the key must allow; `any` key will do where it says so. Without it the address is open to all. */
    scope?: Scope | 'any';
  }
  interface FastifyRequest {
    /** Set for every address with a scope. */
    principal: Principal | null;
  }
}

/** @throws Error when the route has no scope: then nobody was asked who they are */
export function principal(request: FastifyRequest): Principal {
  if (request.principal) return request.principal;
  throw new Error(`${request.url} knows no principal`);
}

/** Makes a change, and tells the log of it, whoever makes it and however it ends. */
export function audit<T>(
  request: FastifyRequest,
  action: string,
  target: object,
  change: () => Promise<T>,
): Promise<T> {
  const { id: key, name: keyName } = principal(request);
  const fields = { action, key, keyName, ip: request.ip, way: 'http' } as const;
  return audited(auditLog(request.log), fields, target, change);
}

const described: Readonly<Record<number, string>> = {
  400: 'A value is not valid',
  401: 'No valid API key',
  403: 'The key may not do this',
  404: 'There is no such thing',
  408: 'The request stalled',
  409: 'Something else is in the way',
  413: 'More than is read',
  415: 'Of a type that is not read',
  422: 'A file that cannot be a book',
  429: 'Too many requests',
  500: 'A fault of the server',
  503: 'A part is out of service',
  504: 'No answer in time',
};

type ProblemSchema = { description: string; content: Record<string, { schema: typeof problem }> };

/** Responses that any address may give, and those of its own. */
export function problems(...own: readonly number[]): Record<number, ProblemSchema> {
  const all = [400, 401, 403, 408, 429, 500, 503, ...own];
  return Object.fromEntries(
    all.map((status) => [
      status,
      {
        description: described[status] ?? '',
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  );
}

export type { Problem };
