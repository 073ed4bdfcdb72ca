/** A client of the protocol's own makers, over a pair of transports in memory. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpServer, type McpServerOptions } from '../../../client/mcp/server.ts';
import { type Called, toolCaller } from '../../helpers/mcp-calls.ts';
import { FakeService } from './fake-service.ts';

export const everything = { scopes: ['admin'], libraries: null } as const;

export interface Connected extends AsyncDisposable {
  readonly client: Client;
  readonly service: FakeService;
  /** What the server told the log. */
  readonly notes: readonly unknown[];
  readonly call: ReturnType<typeof toolCaller>;
}

export type { Called };

export async function connected(options: Partial<McpServerOptions> = {}): Promise<Connected> {
  const service = new FakeService();
  const mcp = createMcpServer({ service, principal: everything, version: '1.2.3', ...options });
  const client = new Client({ name: 'test', version: '1' });
  const notes: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    notes.push(params.data);
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await mcp.connect(theirs);
  await client.connect(ours);
  // The client checks structured content against the output schemas that it was told.
  await client.listTools();
  return {
    ...{ client, service, notes, call: toolCaller(client) },
    [Symbol.asyncDispose]: async () => await client.close(),
  };
}
