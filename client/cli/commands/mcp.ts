/** `mcp`: the library as tools of an assistant that starts this command. */
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { connectTemporal } from '../../connection.ts';
import { homeOf } from '../../home.ts';
import { assertNotUploaded } from '../../http/server-paths.ts';
import { createMcpServer } from '../../mcp/server.ts';
import { serveStdio } from '../../mcp/stdio.ts';
import { TemporalService } from '../../temporal-service.ts';
import { packageVersion } from '../../version.ts';
import { ensureStack } from '../local-stack.ts';
import { printError, wantsStacks } from '../output.ts';

interface Flags {
  readonly library?: readonly string[];
  readonly readOnly?: true;
}

export function addMcpCommand(program: Command): void {
  program
    .command('mcp')
    .description(
      'Serve the library to an assistant, by the Model Context Protocol over standard input and output',
    )
    .option('--library <name>', 'only this library; may be repeated (default: all)', list)
    .option('--read-only', 'let the assistant search and ask, and ingest nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium mcp\n  scriptorium mcp --read-only --library theses' +
        '\n\nAssistants start it by themselves; see the README for what to write into their settings.',
    )
    .action(mcp);
}

async function mcp({ library, readOnly }: Flags, command: Command): Promise<void> {
  await using stack = new LazyStack();
  // It is started while the assistant says hello; who asks before it is up waits.
  stack.service().catch((error: unknown) => printError(error, wantsStacks(command)));
  const server = createMcpServer({
    service: () => stack.service(),
    principal: { scopes: readOnly ? ['ask'] : ['ask', 'ingest'], libraries: library ?? null },
    version: packageVersion(),
    paths: { areTaken: true, check: (paths) => assertNotUploaded(paths, homeOf().uploads) },
  });
  await serveStdio(server);
}

/** The local stack, started and connected to once; after a failure, again when it is asked for. */
class LazyStack implements AsyncDisposable {
  #client: Promise<Client> | null = null;

  async service(): Promise<TemporalService> {
    this.#client ??= startAndConnect();
    try {
      return new TemporalService(await this.#client);
    } catch (error) {
      this.#client = null;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that is being started is not waited for: it goes on in the background.
    const client = await Promise.race([this.#client, null]);
    await client?.connection.close();
  }
}

async function startAndConnect(): Promise<Client> {
  await ensureStack();
  return await connectTemporal();
}

function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
