/** MCP over streamable HTTP, behind the same keys as everything else. */
import { once } from 'node:events';
import { isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import type { FastifyRequest } from 'fastify';
import { type App, principal, type RouteContext } from '../app.ts';
import { headersOf } from '../sse.ts';
import { whileAllowed } from '../while-allowed.ts';

export function mcpRoutes(app: App, context: RouteContext): void {
  const { mcp, streams } = context;
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    // Which tools there are is up to the scopes of the key.
    config: { scope: 'any' },
    schema: { hide: true },
    handler: async (request, reply) => {
      const who = principal(request);
      const { raw } = reply;
      const answer = async (): Promise<void> => {
        reply.hijack();
        for (const [name, value] of Object.entries(headersOf(reply))) raw.setHeader(name, value);
        await whileAllowed(context, request, async (refused) => {
          const end = (): void =>
            void mcp
              .endSessionsOf(who.id)
              .catch(() => {})
              .finally(() => raw.destroy());
          refused.addEventListener('abort', end, { once: true });
          const closed = raw.destroyed ? null : once(raw, 'close').catch(() => {});
          await mcp.handleMcp(request.raw, raw, request.body, who);
          await closed;
        });
      };
      await (staysOpen(request) ? streams.count(who.id, answer) : answer());
    },
  });
}

/** A stream, or a call that may take long. What cancels a call, and what ends a session, gets in always. */
function staysOpen({ method, body }: FastifyRequest): boolean {
  return method === 'GET' || isJSONRPCRequest(body);
}
