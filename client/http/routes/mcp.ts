/** MCP over streamable HTTP, behind the same keys as everything else. */
import { type App, principal, type RouteContext } from '../app.ts';
import { headersOf } from '../sse.ts';

export function mcpRoutes(app: App, { mcp }: RouteContext): void {
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    // Which tools there are is up to the scopes of the key.
    config: { scope: 'any' },
    schema: { hide: true },
    handler: async (request, reply) => {
      reply.hijack();
      for (const [name, value] of Object.entries(headersOf(reply))) reply.raw.setHeader(name, value);
      await mcp.handleMcp(request.raw, reply.raw, request.body, principal(request));
    },
  });
}
