/** The process that does the work: connects, opens its parts, serves its queues, and drains when it is told to stop. */
import { Client } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { deviceLine } from '../activities/adapters/onnx/device-choice.ts';
import type { StageLimits } from '../activities/attempt.ts';
import { ScriptoriumError } from '../activities/errors.ts';
import { temporalTarget } from '../client/connection.ts';
import { traceStarts } from '../client/tracing.ts';
import type { QueueName } from '../workflows/contract.ts';
import type { Config } from './config.ts';
import { tellOfOtherModels } from './other-models.ts';
import { openParts, type Parts, type PartsOptions } from './parts.ts';
import { QuestionDesk } from './question-desk.ts';
import { createWorkers, type WorkerContext } from './queue-workers.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { watchStore } from './store-upkeep.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface WorkerProcess {
  /** Resolves when the workers have drained after `stop`, rejects when one of them fails. */
  readonly finished: Promise<void>;
  /** Takes no new work, lets batches finish within the grace time. */
  stop(): void;
  /** One line on each part that this process holds; throws when one does not answer. */
  health(): Promise<string>;
  /** Questions of this process, for those in it who ask; it must serve the queue `query`. */
  readonly desk: QuestionDesk;
  readonly parts: Parts;
  /** On the connection of the workers. */
  readonly temporal: Client;
}

/** What benchmarks and recorders bring along instead of the product's own. */
export type WorkerReplacements = Pick<PartsOptions, 'openEmbedder'> & Pick<WorkerContext, 'bundles'>;

export interface WorkerProcessOptions
  extends WorkerReplacements,
    Pick<PartsOptions, 'onDeviceLost'>,
    Pick<StageLimits, 'onStall'> {
  /** Default: nothing is counted or traced. */
  readonly telemetry?: Telemetry;
  /** Called when no work is taken any more, and before the parts are closed. */
  readonly onOver?: () => void;
}

/** @throws ScriptoriumError STACK_UNREACHABLE, and those of `openParts` */
export async function startWorkerProcess(
  config: Config,
  queues: readonly QueueName[],
  logger: Logger,
  { openEmbedder, bundles, telemetry, onDeviceLost, onStall, onOver }: WorkerProcessOptions = {},
): Promise<WorkerProcess> {
  await using opened = new AsyncDisposableStack();
  const connection = await connect(config);
  opened.defer(() => connection.close());
  await requireNamespace(connection, config.namespace);
  const searchAttributes = await ensureSearchAttributes(connection, config.namespace, logger);
  const parts = opened.use(
    await openParts(config, {
      embedThreads: queues.includes('embed') ? config.embedding.threads : 1,
      embedsPassages: queues.includes('embed'),
      onUnwrittenUsage: (err) =>
        logger.warn({ err }, 'what an answer cost could not be written down; it is written with the next'),
      ...(queues.includes('embed') && {
        onDevice: (choice) => logger.info(choice, `embedding device: ${deviceLine(choice)}`),
      }),
      ...(telemetry && {
        onCache: (cache, result) => telemetry.meter.cache(cache, result),
        observeEmbedder: (embedder) => telemetry.observeEmbedder(embedder),
      }),
      ...(openEmbedder && { openEmbedder }),
      ...(onDeviceLost && { onDeviceLost }),
    }),
  );
  if (queues.includes('embed')) await tellOfOtherModels(parts, logger);
  const temporal = new Client({
    ...{ connection, namespace: config.namespace },
    interceptors: { workflow: await traceStarts(config.env) },
  });
  const seen = telemetry?.observe(parts) ?? parts;
  const workers = await createWorkers(queues, {
    ...{ config, connection, logger, searchAttributes },
    ...{ parts: seen, ...(telemetry && { telemetry }) },
    ...(bundles && { bundles }),
    ...(onStall && { onStall }),
  });
  if (queues.includes('main')) {
    opened.defer(watchStore({ client: temporal, store: parts.store, logger }));
  }
  const owned = opened.move();
  const finished = runAll(workers).finally(() => {
    onOver?.();
    return owned.disposeAsync();
  });
  // Workers may fail before anybody awaits them; who does hears why.
  finished.catch(() => {});
  return {
    finished,
    stop: () => stopAll(workers),
    health: () => healthOf(parts),
    desk: new QuestionDesk(seen, temporal),
    ...{ parts: seen, temporal },
  };
}

/** Longest wait for Temporal when a process starts; after that its supervisor starts it again. */
const CONNECT_TIMEOUT_MS = 60_000;
const CONNECT_EVERY_MS = 500;

async function connect(config: Config): Promise<NativeConnection> {
  const { connection } = await temporalTarget({ env: config.env });
  const deadline = Date.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    try {
      return await NativeConnection.connect({
        ...(connection.address && { address: connection.address }),
        ...nativeSecurity(connection),
      });
    } catch (cause) {
      if (Date.now() > deadline)
        throw new ScriptoriumError('STACK_UNREACHABLE', `Temporal does not answer at ${connection.address}`, {
          cause,
        });
      await new Promise((resolve) => setTimeout(resolve, CONNECT_EVERY_MS));
    }
  }
}

/** @throws ScriptoriumError INVALID_CONFIG when the cluster has no such namespace */
async function requireNamespace(connection: NativeConnection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (cause) {
    if (!isNotFound(cause))
      throw new ScriptoriumError(
        'STACK_UNREACHABLE',
        `Temporal refuses namespace ${namespace}: ${String(cause)}`,
        { cause },
      );
    const make = `temporal operator namespace create --retention 720h --namespace ${namespace}`;
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `TEMPORAL_NAMESPACE=${namespace} does not exist on the cluster; \`${make}\` makes it`,
      { cause },
    );
  }
}

/** gRPC's status code 5. */
function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 5;
}

function nativeSecurity({ tls, apiKey }: Awaited<ReturnType<typeof temporalTarget>>['connection']) {
  return { ...(tls !== undefined && tls !== null && { tls }), ...(typeof apiKey === 'string' && { apiKey }) };
}

/** One worker that fails stops the others, so that the process ends and is started again whole. */
async function runAll(workers: readonly Worker[]): Promise<void> {
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      stopAll(workers);
    }
  });
  const outcomes = await Promise.allSettled(runs);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

function stopAll(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

async function healthOf({ store, embedder, answerModel }: Parts): Promise<string> {
  return `${await store.health()}; model ${embedder.id}; answers ${answerModel.name}`;
}
