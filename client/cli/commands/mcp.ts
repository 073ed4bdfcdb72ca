/** `mcp`: the library as tools of an assistant that starts this command. */
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { connectTemporal, existingCluster } from '../../connection.ts';
import { homeOf } from '../../home.ts';
import { assertNotUploaded } from '../../http/server-paths.ts';
import { createMcpServer } from '../../mcp/server.ts';
import { serveStdio } from '../../mcp/stdio.ts';
import { readStackState } from '../../stack-state.ts';
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

interface Opened {
  readonly client: Client;
  /** Which stack it is; null where an existing cluster is used. */
  readonly stack: string | null;
}

/**
 * The local stack, started and connected to when it is needed: an assistant lives longer than a stack, and what takes its ports after
 * `down` may be the stack of another home.
 */
class LazyStack implements AsyncDisposable {
  #opened: Promise<Opened> | null = null;

  async service(): Promise<TemporalService> {
    this.#opened ??= startAndConnect();
    const opening = this.#opened;
    try {
      const { client, stack } = await opening;
      if (stack === null || stack === (await stackNow())) return new TemporalService(client);
      client.connection.close().catch(() => {});
    } catch (error) {
      if (this.#opened === opening) this.#opened = null;
      throw error;
    }
    if (this.#opened === opening) this.#opened = null;
    return await this.service();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that is being started is not waited for: it goes on in the background.
    const opened = await Promise.race([this.#opened, null]);
    await opened?.client.connection.close();
  }
}

async function startAndConnect(): Promise<Opened> {
  await ensureStack();
  const stack = existingCluster() ? null : await stackNow();
  return { client: await connectTemporal(), stack };
}

/** Changes with each start of it. */
async function stackNow(): Promise<string> {
  const state = await readStackState(homeOf().stackFile);
  return `${state?.pid} at ${state?.temporalAddress}`;
}

function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
