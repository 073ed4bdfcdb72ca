/** MCP over the standard input and output of this process. */
import { Console } from 'node:console';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

/** Serves until the other side closes our input, or the process is told to end. */
export async function serveStdio(mcp: McpServer): Promise<void> {
  // A stray word of any library on the standard output would be no protocol.
  globalThis.console = new Console(process.stderr, process.stderr);
  const over = new Promise<void>((resolve) => {
    const end = (): void => resolve();
    mcp.server.onclose = end;
    process.stdin.once('end', end).once('close', end);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  });
  await mcp.connect(new StdioServerTransport());
  await over;
  await mcp.close();
}
