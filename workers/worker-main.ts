/** Entry of a worker process: `node worker-main --queues main,documents,embed,query`, with `--http` one that serves HTTP. */
import { parseArgs } from 'node:util';
import { ScriptoriumError, toScriptoriumError } from '../activities/errors.ts';
import { keepHeapsLean, limitHeapGrowth } from '../activities/lean-heap.ts';
import { lowerPriorityOfSession } from '../activities/lower-priority.ts';
import { tracingWanted } from '../client/tracing.ts';
import { packageVersion } from '../client/version.ts';
import { REPLACE_WORKER } from '../client/worker-flags.ts';
import { type QueueName, taskQueues } from '../workflows/contract.ts';
import { type Config, loadConfig } from './config.ts';
import { endAtLast } from './end-at-last.ts';
import type { HttpServer, HttpServerOptions } from './http/http-server.ts';
import { type ListenAddress, nextTo } from './listen-address.ts';
import { createLogger, installRuntime, secretsIn } from './log.ts';
import { capMemory } from './memory-cap.ts';
import { sendToSupervisor, supervisorMessage } from './supervisor/worker-messages.ts';
import { traceFields } from './telemetry/spans.ts';
import { openTelemetry } from './telemetry/telemetry.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/**
 * Nobody waits for a book as one waits for an answer: where cores are short, a process that answers gets three times as much
 * as one that ingests.
 */
const INGESTION_NICENESS = 5;

/** The workers of a stack whose supervisor was killed drain, and hold their ports for so long and their grace. */
const FORMER_STACK_MS = 10_000;

/** Beyond its grace: five seconds each for what is asked over HTTP and what must be forced, and what is closed then. */
const LATE_END_MS = 30_000;

/** Started by a supervisor, with which it must end. */
const supervised = process.connected;

try {
  await main();
} catch (error) {
  const { code, message, remedy } = toScriptoriumError(error);
  sendToSupervisor({ kind: 'failed', code, message });
  process.stderr.write(`scriptorium worker: ${code}: ${message}. ${remedy}\n`);
  // Work that hung when the worker was to be replaced is why its end is a failure.
  if (process.exitCode !== REPLACE_WORKER) process.exitCode = code === 'INVALID_ARGUMENT' ? 2 : 1;
}
// An open IPC channel would keep a finished process alive.
if (process.connected) process.disconnect();

async function main(): Promise<void> {
  const { queues, http } = orderOf(process.argv.slice(2));
  if (queues.includes('query')) limitHeapGrowth();
  else {
    keepHeapsLean();
    lowerPriorityOfSession(INGESTION_NICENESS);
  }
  const config = supervised ? asPartOfStack(loadConfig(), http) : loadConfig();
  const logger = createLogger(config.logLevel, 'worker', {
    secrets: secretsIn(config.env),
    ...(tracingWanted(config.env) && { mixin: traceFields }),
  });
  await using telemetry = await openTelemetry(config, logger);
  installRuntime(logger, telemetry.runtime);
  const wornOut = new AbortController();
  const replacedBy = (what: string) => (reason: string) => {
    if (!wornOut.signal.aborted) logger.error({ reason }, `${what}; this worker is replaced`);
    wornOut.abort();
  };
  const worker = await startWorkerProcess(config, queues, logger, {
    telemetry,
    onDeviceLost: replacedBy('the device is lost'),
    onStall: replacedBy('a stage hangs'),
    // Whatever ended it: a thread that hangs in native code must not keep the rest here, which takes no work.
    onOver: () => endAtLast(LATE_END_MS, logger),
  });
  await using server = http ? await serve({ config, worker, telemetry, logger }) : null;
  const httpUrl = server?.url ?? null;
  logger.info({ queues, pid: process.pid, metrics: telemetry.metricsUrl, http: httpUrl }, 'worker ready');
  // What was asked over HTTP needs the queues and the store until it is answered.
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    endAtLast(config.graceMs + LATE_END_MS, logger);
    void (server?.drain() ?? Promise.resolve()).finally(() => worker.stop());
  };
  stopOnSignal(stop);
  replaceWhen(wornOut.signal, stop);
  const stopLooking = capMemory({
    ...{ maxBytes: config.maxWorkerBytes, logger },
    drain: () => wornOut.abort(),
  });
  // The one event that says so may have come while the process was starting.
  if (supervised && !process.connected) stop();
  answerSupervisor(worker);
  sendToSupervisor({ kind: 'ready', metricsUrl: telemetry.metricsUrl, httpUrl });
  await worker.finished;
  stopLooking();
  logger.info('worker stopped');
}

/** A stack has two processes of the same settings: each listens at a port of its own, once a former stack has left it. */
function asPartOfStack(config: Config, answers: boolean): Config {
  const { telemetry, http, graceMs } = config;
  const waitMs = graceMs + FORMER_STACK_MS;
  const patiently = (address: ListenAddress | null) => address && { ...address, waitMs };
  const metrics = patiently(telemetry.metricsAddress);
  return {
    ...config,
    telemetry: { ...telemetry, metricsAddress: answers && metrics ? nextTo(metrics) : metrics },
    http: { ...http, address: patiently(http.address) },
  };
}

/** Questions first: they are what HTTP is for, and begin in the process that they come to. */
async function serve(parts: Omit<HttpServerOptions, 'address' | 'version'>): Promise<HttpServer> {
  const { address } = parts.config.http;
  if (address === null)
    throw new ScriptoriumError('INVALID_CONFIG', 'SCRIPTORIUM_HTTP_ADDRESS is off, and HTTP is to be served');
  const { startHttpServer } = await import('./http/http-server.ts');
  return await startHttpServer({ ...parts, address, version: packageVersion() });
}

function orderOf(args: string[]): { readonly queues: QueueName[]; readonly http: boolean } {
  const { values } = parseArgs({ args, options: { queues: { type: 'string' }, http: { type: 'boolean' } } });
  return { queues: queuesOf(values.queues), http: values.http ?? false };
}

function queuesOf(named: string | undefined): QueueName[] {
  const names = Object.keys(taskQueues).filter(isQueueName);
  if (named === undefined) return names;
  return named.split(',').map((name) => {
    if (isQueueName(name)) return name;
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      `--queues names ${name}; the queues are ${names.join(', ')}`,
    );
  });
}

function isQueueName(name: string): name is QueueName {
  return Object.hasOwn(taskQueues, name);
}

/** Whoever started this process starts another one. */
function replaceWhen(wornOut: AbortSignal, stop: () => void): void {
  const makeWay = (): void => {
    process.exitCode = REPLACE_WORKER;
    stop();
  };
  if (wornOut.aborted) makeWay();
  else wornOut.addEventListener('abort', makeWay, { once: true });
}

function stopOnSignal(stop: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      // Whoever is told to end while it makes way ends for good.
      process.exitCode = 0;
      stop();
    });
  // The supervisor is gone, even by kill -9: nobody would ever stop this process.
  process.on('disconnect', stop);
}

function answerSupervisor(worker: WorkerProcess): void {
  process.on('message', (sent) => {
    const { data: message } = supervisorMessage.safeParse(sent);
    if (message?.kind === 'ping') sendToSupervisor({ kind: 'pong' });
    if (message?.kind !== 'health') return;
    worker.health().then(
      (detail) => sendToSupervisor({ kind: 'health', healthy: true, detail }),
      (error: unknown) =>
        sendToSupervisor({ kind: 'health', healthy: false, detail: toScriptoriumError(error).message }),
    );
  });
}
