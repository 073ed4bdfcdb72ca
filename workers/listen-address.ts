/** Where a server of a process listens: exactly where it was told, or the first free of some ports of this machine. */
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ScriptoriumError } from '../activities/errors.ts';

const LOOK_EVERY_MS = 200;

export interface ListenAddress {
  readonly host: string;
  /** Tried in order from the first to the last; 0 is any free one. */
  readonly firstPort: number;
  readonly lastPort: number;
  /** So long a process that is on its way out may still hold them, in milliseconds. Default 0. */
  readonly waitMs?: number;
}

export interface ListenRule {
  /** Environment variable that sets it. */
  readonly variable: string;
  /** Ports of loopback that are tried when it is not set. */
  readonly firstPort: number;
  readonly lastPort: number;
}

/**
 * @returns null for `off`
 * @throws ScriptoriumError INVALID_CONFIG
 */
export function listenAddressOf(value: string | undefined, rule: ListenRule): ListenAddress | null {
  const { variable, firstPort, lastPort } = rule;
  if (value === undefined) return { host: '127.0.0.1', firstPort, lastPort };
  if (value.trim() === 'off') return null;
  const [, host = '', digits = ''] = /^(?:\[?(.+?)\]?):(\d{1,5})$/.exec(value.trim()) ?? [];
  const port = Number(digits);
  if (host !== '' && port <= 65_535) return { host, firstPort: port, lastPort: port };
  throw new ScriptoriumError('INVALID_CONFIG', `${variable}=${value} is neither host:port nor off`);
}

/** One port higher, for a second process that has the same settings. */
export function nextTo(address: ListenAddress): ListenAddress {
  const { firstPort, lastPort } = address;
  if (firstPort === 0) return address;
  return { ...address, firstPort: firstPort + 1, lastPort: Math.max(firstPort + 1, lastPort) };
}

/**
 * @returns the port
 * @throws ScriptoriumError INVALID_CONFIG when none of the ports can be had
 */
export async function listenOnOneOf(
  server: Server,
  address: ListenAddress,
  variable: string,
): Promise<number> {
  const until = Date.now() + (address.waitMs ?? 0);
  for (;;) {
    try {
      return await listenNow(server, address);
    } catch (cause) {
      if (!isTaken(cause) || Date.now() >= until)
        throw new ScriptoriumError('INVALID_CONFIG', `${variable}: ${String(cause)}`, { cause });
      await delay(LOOK_EVERY_MS);
    }
  }
}

/** @throws why the last port that was tried can't be had */
async function listenNow(server: Server, { host, firstPort, lastPort }: ListenAddress): Promise<number> {
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
  throw last;
}

/** As people type it into a browser. */
export function urlOf(host: string, port: number, path = ''): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const listening = (): void => {
      server.off('error', failed);
      resolve();
    };
    const failed = (error: Error): void => {
      server.off('listening', listening);
      reject(error);
    };
    server.once('error', failed).once('listening', listening).listen(port, host);
  });
}

function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}
