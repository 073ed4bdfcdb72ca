/** What is open for long ends with the key that opened it. */
import type { FastifyRequest } from 'fastify';
import type { RouteContext } from './app.ts';
import { principalOf } from './principal.ts';

/** With the age that a look at the file of keys may have, less than a second. */
const LOOK_EVERY_MS = 500;

/**
 * Works while the key of a request is let in.
 * @param work its signal is aborted when the key is let in no more, with the ScriptoriumError that says why
 */
export async function whileAllowed<T>(
  { keys, open }: Pick<RouteContext, 'keys' | 'open'>,
  { headers }: Pick<FastifyRequest, 'headers'>,
  work: (refused: AbortSignal) => Promise<T>,
): Promise<T> {
  const refused = new AbortController();
  const look = (): void => {
    principalOf(keys, headers, open).catch((reason: unknown) => refused.abort(reason));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    return await work(refused.signal);
  } finally {
    clearInterval(timer);
  }
}
