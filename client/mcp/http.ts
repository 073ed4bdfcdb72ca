/** MCP over streamable HTTP, to be mounted at one address by a server that has asked who is there. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest, isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import { type ErrorCode, ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import type { Principal } from '../http/principal.ts';
import { type SessionLimits, Sessions } from './sessions.ts';
import { failureText } from './tool.ts';

interface Served {
  readonly mcp: McpServer;
  readonly transport: StreamableHTTPServerTransport;
}

/** Makes a server that nobody is connected to yet, for one asker, who began the session from that address. */
export type McpServerFor = (principal: Principal, ip: string | null) => McpServer;

export interface McpHandler extends AsyncDisposable {
  /**
   * Answers a POST, GET or DELETE, whatever it is: nothing is thrown. A call whose asker is gone is cancelled. Where the connection comes from, its Origin and who
   * is asking were checked before.
   * @param body of a POST, parsed
   */
  handleMcp(
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    principal: Principal,
  ): Promise<void>;
  /** Ends the sessions of one asker, with their streams and what they work on: its key was revoked. */
  endSessionsOf(owner: string): Promise<void>;
  /** Sessions that are open. */
  readonly sessions: number;
}

export function createMcpHandler(serverFor: McpServerFor, limits: SessionLimits = {}): McpHandler {
  const sessions = new Sessions<Served>(({ mcp }) => mcp.close(), limits);
  return {
    handleMcp: async (request, response, body, principal) => {
      try {
        await handle({ sessions, serverFor }, request, response, body, principal);
      } catch (error) {
        refuse(response, error);
      }
    },
    endSessionsOf: (owner) => sessions.endOf(owner),
    get sessions() {
      return sessions.count;
    },
    [Symbol.asyncDispose]: () => sessions.endAll(),
  };
}

interface Hosted {
  readonly sessions: Sessions<Served>;
  readonly serverFor: McpServerFor;
}

async function handle(
  hosted: Hosted,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
  principal: Principal,
): Promise<void> {
  const { sessions } = hosted;
  if (Array.isArray(body))
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      'The protocol has no batches; send each message by itself',
    );
  const id = sessionIdOf(request);
  if (id === null) return await begin(hosted, request, response, body, principal);
  const served = sessions.of(id, principal.id);
  if (!served) throw new ScriptoriumError('SESSION_NOT_FOUND', `There is no session ${id.slice(0, 100)}`);
  response.once('close', sessions.use(id));
  cancelWith(response, served.transport, body);
  await served.transport.handleRequest(request, response, body);
}

/** Whoever is gone can't come back for the answer, as no stream is resumed here: then nobody works for it. */
function cancelWith(response: ServerResponse, transport: Served['transport'], body: unknown): void {
  if (!isJSONRPCRequest(body)) return;
  const params = { requestId: body.id, reason: 'The asker is gone' };
  response.once('close', () => {
    if (response.writableFinished) return;
    transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  });
}

function sessionIdOf({ headers }: IncomingMessage): string | null {
  const id = headers['mcp-session-id'];
  return typeof id === 'string' && id !== '' ? id : null;
}

async function begin(
  { sessions, serverFor }: Hosted,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
  principal: Principal,
): Promise<void> {
  if (request.method !== 'POST' || !isInitializeRequest(body))
    throw new ScriptoriumError('INVALID_ARGUMENT', 'Mcp-Session-Id is missing, and this begins no session');
  await sessions.makeRoom(principal.id);
  const mcp = serverFor(principal, request.socket.remoteAddress ?? null);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (id) => sessions.add(id, principal.id, { mcp, transport }),
    onsessionclosed: (id) => sessions.end(id),
  });
  await mcp.connect(transport);
  await transport.handleRequest(request, response, body);
  // What was refused by the transport made no session, and nobody would close it.
  if (transport.sessionId === undefined) await mcp.close();
}

const statuses: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  // The protocol: whoever hears it begins a new session.
  SESSION_NOT_FOUND: 404,
  RATE_LIMITED: 429,
};
/** JSON-RPC: the server refused. */
const REFUSED = -32_000;

function refuse(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy();
  const error = toScriptoriumError(thrown);
  const status = statuses[error.code] ?? 500;
  const message = failureText(error);
  const headers = { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '60' }) };
  response.writeHead(status, headers);
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: REFUSED, message }, id: null }));
}
