/** Which pages a browser may let talk to the server: its own, and those that are configured. */
import type { FastifyCorsOptions } from '@fastify/cors';
import type { FastifyRequest } from 'fastify';
import { ScriptoriumError } from '../../activities/errors.ts';

export interface OriginRules {
  /** The server listens on loopback, has no keys, and lets everyone in. */
  readonly open: boolean;
  readonly corsOrigins: readonly string[];
}

/** What a page may read of an answer beside its body: where a job is, how much it may ask, and its session of MCP. */
const exposedHeaders = [
  ...(['Location', 'Retry-After', 'WWW-Authenticate', 'Mcp-Session-Id'] as const),
  ...(['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const),
];
/** Longest time that Chromium keeps the answer to a preflight. */
const PREFLIGHT_S = 7_200;

/** Every method that an address takes; keys come in headers, so no page needs what the browser keeps of its own. */
export function corsFor(origins: readonly string[]): FastifyCorsOptions {
  return {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    ...{ exposedHeaders, maxAge: PREFLIGHT_S },
  };
}

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * A page of another host could send an upload to a server that wants no key, or, having had its own name resolved to
 * 127.0.0.1, read from it.
 * @throws ScriptoriumError FORBIDDEN
 */
export function assertOwnPage({ method, headers }: FastifyRequest, { open, corsOrigins }: OriginRules): void {
  const { origin, host = '' } = headers;
  if (open && !loopback.test(host))
    throw new ScriptoriumError(
      'FORBIDDEN',
      'This server answers under localhost only; make a key with `scriptorium keys add` and set SCRIPTORIUM_HTTP_ADDRESS to offer it to others',
    );
  if (readOnly.has(method) || origin === undefined) return;
  if (corsOrigins.includes(origin) || hostOf(origin) === host.toLowerCase()) return;
  throw new ScriptoriumError('FORBIDDEN', 'The request came from a page of another host');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
