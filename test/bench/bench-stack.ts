/** What a measured run needs, fresh and of its own: a home, Temporal's server as the product starts it, and a worker process. */
import { fork } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import getPort from 'get-port';
import { connectTemporal } from '../../client/connection.ts';
import { type Home, homeOf } from '../../client/home.ts';
import { DEFAULT_NAMESPACE } from '../../client/stack-state.ts';
import { workerEnv, workerFlags } from '../../client/worker-flags.ts';
import {
  prepareNamespace,
  spawnTemporal,
  temporalAddress,
} from '../../workers/supervisor/temporal-server.ts';
import { workerMessage } from '../../workers/supervisor/worker-messages.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { temporalBinary } from '../helpers/temporal.ts';
import { BenchProcess } from './bench-process.ts';

export interface BenchStackOptions {
  /** Module of the worker process, in this folder. */
  readonly worker: './library-worker.ts' | './floor-worker.ts';
  readonly workerArgs: readonly string[];
  /** Worker processes. Default 1. */
  readonly workers?: number | undefined;
  /** Settings of the worker, beside those that every benchmark has. */
  readonly workerEnv?: NodeJS.ProcessEnv | undefined;
  /** Aborted when the benchmark has to end. */
  readonly signal: AbortSignal;
  /** Folder for a CPU profile of the worker process. */
  readonly profileFolder?: string | undefined;
}

export interface BenchStack extends AsyncDisposable {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  /** The first one's. */
  readonly workerPid: number;
  readonly workerPids: readonly number[];
  readonly serverPid: number;
  readonly home: Home;
  /** The work's own outcome, or the reason why it can't have one: a process that ended, or Ctrl-C. */
  watched<T>(work: Promise<T>): Promise<T>;
}

export async function startBenchStack(options: BenchStackOptions): Promise<BenchStack> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await tempFolder());
  const env = benchEnv(folder.path);
  const home = homeOf(env);
  const { server, address } = await startServer(home, options.signal, opened);
  const settings = { ...env, ...options.workerEnv, TEMPORAL_ADDRESS: address };
  const worker = opened.use(await startWorker(settings, home, options, opened));
  const others: BenchProcess[] = [];
  while (others.length + 1 < (options.workers ?? 1))
    others.push(opened.use(await startWorker(settings, home, options, opened)));
  const client = await connectTemporal({ address, namespace: DEFAULT_NAMESPACE });
  opened.defer(() => client.connection.close());
  const owned = opened.move();
  return {
    ...{ address, client, home, namespace: DEFAULT_NAMESPACE },
    ...{
      workerPid: worker.pid,
      workerPids: [worker, ...others].map(({ pid }) => pid),
      serverPid: server.pid,
    },
    watched: (work) =>
      Promise.race([
        work,
        ...[server, worker, ...others].map(({ failed }) => failed),
        aborted(options.signal),
      ]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Settings of the person who runs the benchmark stay out of it, but for the cache. */
function benchEnv(folder: string): NodeJS.ProcessEnv {
  const foreign = /^(SCRIPTORIUM|TEMPORAL|QDRANT|OPENAI)_/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
    SCRIPTORIUM_CACHE: homeOf().cache,
    SCRIPTORIUM_HOME: join(folder, 'home'),
    SCRIPTORIUM_LOG_LEVEL: 'warn',
    // As workers/supervisor/worker-part.ts sets it.
    ...workerEnv,
  };
}

async function startServer(home: Home, signal: AbortSignal, opened: AsyncDisposableStack) {
  const host = '127.0.0.1';
  const frontend = await getPort({ host });
  const ports = { frontend, ui: await getPort({ host, exclude: [frontend] }) };
  const log = await logFile(home, 'temporal', opened);
  const binary = await temporalBinary();
  const start = await spawnTemporal(binary, home.temporalDb, DEFAULT_NAMESPACE, ports, log);
  const server = opened.use(new BenchProcess('the Temporal server', start(), logPathOf(home, 'temporal')));
  const address = temporalAddress(ports);
  await Promise.race([
    prepareNamespace({ binary, address, namespace: DEFAULT_NAMESPACE }, () => signal.throwIfAborted()),
    server.failed,
  ]);
  return { server, address };
}

async function startWorker(
  env: NodeJS.ProcessEnv,
  home: Home,
  { worker: module, workerArgs, signal, profileFolder }: BenchStackOptions,
  opened: AsyncDisposableStack,
): Promise<BenchProcess> {
  const log = await logFile(home, 'worker', opened);
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), workerArgs, {
    env,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
    execArgv: [
      '--no-warnings',
      ...(module === './library-worker.ts' ? workerFlags : []),
      ...(profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []),
    ],
  });
  const worker = opened.use(new BenchProcess('the worker', child, logPathOf(home, 'worker')));
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (message: unknown) => {
      const { data } = workerMessage.safeParse(message);
      if (data?.kind === 'ready') resolve();
      if (data?.kind === 'failed') reject(new Error(`The worker failed: ${data.code}: ${data.message}`));
    });
  });
  await Promise.race([ready, worker.failed, aborted(signal)]);
  return worker;
}

async function logFile(home: Home, name: string, opened: AsyncDisposableStack): Promise<number> {
  const path = logPathOf(home, name);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a');
  opened.defer(() => file.close());
  return file.fd;
}

function logPathOf(home: Home, name: string): string {
  return join(home.logs, `${name}.log`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
