import { ScriptoriumError } from '../../activities/errors.ts';
import type { App } from './app.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;

/** Adds the routes; whatever else is sent to one of their addresses is told which methods it takes. */
export function refuseOtherMethods(app: App, addRoutes: () => void): void {
  const taken = new Map<string, Set<string>>();
  let ours = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!ours) return;
    const known = taken.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one.toUpperCase());
    taken.set(url, known);
  });
  addRoutes();
  ours = false;
  for (const [url, known] of taken) {
    const allow = [...known].sort().join(', ');
    app.route({
      ...{ url, method: methods.filter((method) => !known.has(method)), schema: { hide: true } },
      // Before a body is read, or a key looked at.
      onRequest: async (request, reply) => {
        void reply.header('allow', allow);
        throw new ScriptoriumError('METHOD_NOT_ALLOWED', `${url} takes ${allow}, not ${request.method}`);
      },
      handler: async () => {},
    });
  }
}
