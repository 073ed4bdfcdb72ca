/** Requests to the server that the page came from. */
import { key, keyIsRefused } from '../state/key.ts';
import { ProblemError, problemOf } from './problems.ts';

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Status that carries an answer though it is no success. */
  readonly alsoGood?: number;
}

/** Relative to the page, so that a proxy may serve both below another address. */
export function addressOf(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  const text = new URLSearchParams(given).toString();
  return new URL(text === '' ? path : `${path}?${text}`, document.baseURI).href;
}

/**
 * The body of an answer. The server validates what it sends by the schemas of the contract, so it isn't done again here.
 * @throws ProblemError what the server says; TypeError when it does not answer
 */
export async function request<T>(address: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(address, options);
  const body: T = await response.json();
  return body;
}

/** A response that is a success. */
export async function send(address: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body, accept = 'application/json', headers, signal = null, alsoGood } = options;
  const response = await fetch(address, {
    method,
    signal,
    headers: {
      Accept: accept,
      ...keyHeader(),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.ok || response.status === alsoGood) return response;
  if (response.status === 401) keyIsRefused();
  throw new ProblemError(problemOf(response.status, await response.json().catch(() => null)));
}

export function keyHeader(): Record<string, string> {
  return key.value === '' ? {} : { 'X-API-Key': key.value };
}
