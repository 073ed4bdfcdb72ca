/** A command as the root of a trace, where traces are wanted. */
import { Console } from 'node:console';
import type { Command } from 'commander';
import { startTracing } from '../tracing.ts';
import { printable, say } from './output.ts';

/** A person waits for it. */
const SEND_WITHIN_MS = 2_000;

/** A setting of traces that is wrong stops no command. */
function notTraced(error: unknown): null {
  say(`scriptorium: not traced: ${printable(error instanceof Error ? error.message : String(error))}`);
  return null;
}

/** Runs the command that the arguments name. What was traced is sent before this resolves. */
export async function runTraced(program: Command): Promise<void> {
  // OTEL_TRACES_EXPORTER=console: standard output is the command's.
  globalThis.console = new Console(process.stderr);
  await using tracing = await startTracing(process.env, {
    ...{ serviceName: 'scriptorium-cli', sendWithinMs: SEND_WITHIN_MS },
    onLost: (error) => say(`scriptorium: the trace could not be sent: ${printable(String(error))}`),
  }).catch(notTraced);
  if (!tracing) return void (await program.parseAsync());
  const { SpanStatusCode } = await import('@opentelemetry/api');
  await tracing.tracer.startActiveSpan('scriptorium', async (span) => {
    program.hook('preAction', (_, action) => void span.updateName(`scriptorium ${action.name()}`));
    try {
      await program.parseAsync();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}
