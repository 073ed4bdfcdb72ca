/** `up`, `down`, `status`, `worker`. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Command } from 'commander';
import { siblingModule } from '../../../activities/sibling-module.ts';
import { connectTemporal, existingCluster } from '../../connection.ts';
import { runsIn } from '../../run-service.ts';
import { askStack, type Part } from '../../stack-state.ts';
import { directOnLoopback, workerEnv, workerFlags } from '../../worker-flags.ts';
import { keptRunning } from '../kept-running.ts';
import { liveStack, readyStack, runInForeground, stopLocalStack } from '../local-stack.ts';
import { exitCodes, printable, printResult, say } from '../output.ts';
import { percent, runText } from '../run-rows.ts';
import { noRuns, runsNow, unansweredLine } from '../running.ts';
import { watchStatus } from '../watch-status.ts';

export function addStackCommands(program: Command): void {
  program
    .command('up')
    .description('Start the local stack: Temporal, its web UI, the workers, and HTTP with the dashboard')
    .option('--detach', 'run in the background')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium up            # until Ctrl-C\n  scriptorium up --detach   # stop it with `scriptorium down`',
    )
    .action(up);
  program
    .command('down')
    .description('Stop the local stack; work that is not done goes on at the next `up`')
    .addHelpText('after', '\nExample:\n  scriptorium down          # `up --detach` starts it again')
    .action(down);
  program
    .command('status')
    .description('Show each part with its address and health, and the runs that are going on')
    .option('--watch', 'show the runs with bars until Ctrl-C')
    .addHelpText(
      'after',
      '\nExamples:\n  scriptorium status\n  scriptorium status --watch\n  scriptorium status --json | jq .parts',
    )
    .action(status);
  program
    .command('worker')
    .description('Run a worker in the foreground, against TEMPORAL_ADDRESS or the local stack')
    .option(
      '--queues <names>',
      'queues to serve, of main,documents,embed,query',
      'main,documents,embed,query',
    )
    .addHelpText(
      'after',
      '\nExample:\n  TEMPORAL_ADDRESS=temporal.example:7233 scriptorium worker --queues embed',
    )
    .action(worker);
  program
    .command('serve')
    .description('Serve HTTP, MCP and the dashboard in the foreground, and answer questions; part of `up`')
    .addHelpText(
      'after',
      '\nExamples:\n  TEMPORAL_ADDRESS=temporal.example:7233 scriptorium serve' +
        '\n  SCRIPTORIUM_HTTP_ADDRESS=0.0.0.0:8720 scriptorium serve   # after `scriptorium keys add`',
    )
    .action(serve);
}

async function up(options: { detach?: boolean }, command: Command): Promise<void> {
  if (!options.detach) {
    process.exitCode = await runInForeground();
    return;
  }
  const { state, wasUp } = await readyStack();
  const { temporalAddress, uiUrl, httpUrl, pid } = state;
  printResult(command, { pid, temporalAddress, uiUrl, httpUrl, wasUp }, () => [
    `The stack is up: Temporal at ${temporalAddress}, web UI at ${uiUrl ?? 'the cluster'}`,
    ...(httpUrl ? [`The dashboard and the API are at ${httpUrl}`] : []),
  ]);
}

async function down(_options: object, command: Command): Promise<void> {
  const stopped = await stopLocalStack();
  printResult(command, { stopped }, () => [stopped ? 'The stack is stopped.' : 'No stack was up.']);
}

async function status({ watch }: { watch?: boolean }, command: Command): Promise<void> {
  if (watch) return await watchStatus(command);
  const parts = await partsNow();
  const hasTemporal = parts.some((part) => part.name === 'temporal' && part.healthy);
  const sight = hasTemporal ? await runsNow() : noRuns;
  const [runs, { unanswered }] = [runsIn(sight), sight];
  printResult(command, { parts, runs, unanswered }, () => [
    ...parts.map(partLine),
    ...runs.map((run) => `▸ ${run.workflowId}: ${percent(run.done)} · ${runText(run)}`),
    ...unanswered.map((id) => `▸ ${unansweredLine(id)}`),
  ]);
  if (unanswered.length > 0 || !parts.every((part) => part.healthy)) process.exitCode = exitCodes.failed;
}

async function partsNow(): Promise<readonly Part[]> {
  const live = await liveStack();
  const status = live && (await askStack(live.state));
  if (status) return status.parts;
  const address = existingCluster()?.address ?? null;
  if (address === null)
    return [
      {
        name: 'temporal',
        address,
        healthy: false,
        detail: 'the local stack is not up; start it with `scriptorium up`',
      },
    ];
  const reached = await answers();
  return [
    {
      name: 'temporal',
      address,
      healthy: reached,
      detail: reached ? 'existing cluster' : 'existing cluster, does not answer',
    },
  ];
}

async function answers(): Promise<boolean> {
  try {
    const { connection } = await connectTemporal();
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

function partLine({ name, address, healthy, detail }: Part): string {
  return `${healthy ? '✓' : '✗'} ${name.padEnd(12)} ${(address ?? '').padEnd(24)} ${printable(detail)}`;
}

async function worker({ queues }: { queues: string }): Promise<void> {
  await runWorker(['--queues', queues]);
}

async function serve(): Promise<void> {
  await runWorker(['--queues', 'query', '--http']);
}

async function runWorker(args: readonly string[]): Promise<void> {
  const entry = siblingModule(import.meta.url, '../../../workers/worker-main');
  const told = new AbortController();
  let child: ChildProcess | null = null;
  process
    // A terminal sends Ctrl-C to the worker as well, and `kill` to us alone.
    .on('SIGINT', () => {
      if (!told.signal.aborted) say('draining; the batch in hand is finished');
      told.abort();
      child?.kill('SIGTERM');
    })
    .on('SIGTERM', () => {
      told.abort();
      child?.kill('SIGTERM');
    });
  const start = (): ChildProcess => {
    child = spawn(process.execPath, [...workerFlags, entry, ...args], {
      stdio: 'inherit',
      env: { ...workerEnv, ...directOnLoopback(process.env) },
    });
    return child;
  };
  process.exitCode = await keptRunning(start, { told: told.signal });
}
