/** Which pages a browser may let talk to the server: its own, and those that are configured. */
import type { FastifyRequest } from 'fastify';
import { ScriptoriumError } from '../../activities/errors.ts';

export interface OriginRules {
  /** The server listens on loopback, and lets everyone in as long as there are no keys. */
  readonly open: boolean;
  readonly corsOrigins: readonly string[];
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
