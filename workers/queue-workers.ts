/** One Temporal worker a queue: which activities and workflows it serves, and how many at once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import {
  type NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { formatOfName } from '../activities/adapters/documents/format-of-name.ts';
import type { StageLimits } from '../activities/attempt.ts';
import { createBeginActivities } from '../activities/begin-answer.ts';
import { createCacheActivities } from '../activities/caches.ts';
import { createCatalogActivities } from '../activities/catalog.ts';
import { createChunkActivities } from '../activities/chunk.ts';
import { createEmbedActivities } from '../activities/embed.ts';
import { createExplainActivities } from '../activities/explain.ts';
import { createExtractActivities } from '../activities/extract.ts';
import { createGarbageActivities } from '../activities/gc.ts';
import { createGenerateActivities } from '../activities/generate.ts';
import { createMaintainActivities } from '../activities/maintain.ts';
import { createReadBookActivities } from '../activities/read-book.ts';
import { createRemoveActivities } from '../activities/remove.ts';
import { createRetrieveActivities } from '../activities/retrieve.ts';
import { createRunActivities } from '../activities/run.ts';
import { runningWorkflows } from '../activities/running.ts';
import { createScanActivities } from '../activities/scan.ts';
import { createStoreActivities } from '../activities/store.ts';
import { createVerifyActivities } from '../activities/verify.ts';
import { type QueueName, taskQueues } from '../workflows/contract.ts';
import type { Config } from './config.ts';
import type { Parts } from './parts.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { deafSinks } from './telemetry/workflow-observer.ts';
import { builtBundles, bundleFile, bundleWorkflows, type WorkflowSet } from './workflow-bundle.ts';

export interface WorkerContext {
  readonly config: Config;
  readonly parts: Parts;
  readonly connection: NativeConnection;
  readonly logger: Logger;
  /** Whether the namespace knows our search attributes. */
  readonly searchAttributes: boolean;
  /** Folder of bundles that are made already; default: that of the build, or else they are made now. */
  readonly bundles?: string;
  readonly telemetry?: Telemetry;
  readonly onStall?: StageLimits['onStall'];
}

/** How stale progress may be, and how long a cancelled stage may go on; the standard is 0.8 of the heartbeat timeout. */
const HEARTBEAT_EVERY = '2s';

/** How stale the text of an answer that is being written may be. */
const TEXT_EVERY = '100ms';

/** Eight for each of four threads. */
const CHUNKS_PER_BATCH = 32;

type QueueOptions = Pick<
  WorkerOptions,
  | 'activities'
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxConcurrentActivityTaskPolls'
  | 'maxHeartbeatThrottleInterval'
> & {
  /** Null for a queue of activities alone. */
  readonly workflows: WorkflowSet | null;
};

/** One worker for each queue; nothing runs before `run` is called on them. */
export async function createWorkers(queues: readonly QueueName[], context: WorkerContext): Promise<Worker[]> {
  const optionsOf = queueOptions(context);
  const made = new Map<WorkflowSet, Promise<WorkflowBundleOption>>();
  const bundleOf = (workflows: WorkflowSet): Promise<WorkflowBundleOption> => {
    const bundle = made.get(workflows) ?? workflowBundleOf(workflows, context);
    made.set(workflows, bundle);
    return bundle;
  };
  return await Promise.all(queues.map((queue) => createWorker(queue, optionsOf[queue](), context, bundleOf)));
}

async function createWorker(
  queue: QueueName,
  { workflows, ...options }: QueueOptions,
  { config, connection, telemetry }: WorkerContext,
  bundleOf: (workflows: WorkflowSet) => Promise<WorkflowBundleOption>,
): Promise<Worker> {
  return await Worker.create({
    maxHeartbeatThrottleInterval: HEARTBEAT_EVERY,
    ...options,
    ...(telemetry?.worker ?? { sinks: deafSinks }),
    connection,
    namespace: config.namespace,
    taskQueue: taskQueues[queue],
    shutdownGraceTime: config.graceMs,
    shutdownForceTime: config.graceMs + 5_000,
    maxCachedWorkflows: config.maxCachedWorkflows,
    ...(workflows && { workflowBundle: await bundleOf(workflows) }),
  });
}

function queueOptions({
  config,
  parts,
  connection,
  logger,
  searchAttributes,
  onStall,
}: WorkerContext): Record<QueueName, () => QueueOptions> {
  const { roots } = config;
  const sandboxLimits = config.sandbox.limits;
  const bounded = { ...parts, limits: { ...config.limits, ...(onStall && { onStall }) } };
  const isBookName = (name: string): boolean => formatOfName(name) !== null;
  const client = new Client({ connection, namespace: config.namespace });
  const running = runningWorkflows(client);
  const onBatch = (batch: object): void => logger.debug(batch, 'chunks embedded');
  return {
    // Light work: many at once.
    main: () => ({
      workflows: 'all',
      activities: {
        ...createScanActivities({ ...bounded, roots, isBookName, sandboxLimits, searchAttributes, running }),
        ...createRunActivities({ ...bounded, client, sandboxLimits }),
        ...createRemoveActivities(bounded),
        ...createVerifyActivities({ ...bounded, running }),
        ...createGarbageActivities({ ...bounded, running }),
        ...createMaintainActivities(bounded),
      },
      maxConcurrentActivityTaskExecutions: 50,
    }),
    // Reading and cutting wait for a process of the sandbox; storing waits for the store. A poller holds a slot while it
    // waits, and a stage that starts eagerly needs a free one: so few pollers, and far more slots than they take.
    documents: () => ({
      workflows: 'book',
      activities: {
        ...createExtractActivities({ ...bounded, roots }),
        ...createChunkActivities(bounded),
        ...createStoreActivities(bounded),
      },
      maxConcurrentActivityTaskExecutions: config.sandbox.processes + 48,
      maxConcurrentActivityTaskPolls: 4,
    }),
    // Two books at once keep all threads busy while one of them waits for its disk.
    embed: () => ({
      workflows: null,
      activities: createEmbedActivities({
        ...bounded,
        chunksPerBatch: config.embedding.chunksPerBatch ?? parts.embedder.chunksAtOnce ?? CHUNKS_PER_BATCH,
        onBatch,
      }),
      maxConcurrentActivityTaskExecutions: Math.max(
        2,
        parts.embedder.booksAtOnce ?? config.embedding.threads,
      ),
    }),
    // Questions bring their activities along as local ones, except for models that take their time to write.
    query: () => ({
      workflows: 'all',
      activities: {
        ...createBeginActivities(parts),
        ...createRetrieveActivities(parts),
        ...createGenerateActivities(parts),
        ...createCatalogActivities(parts),
        ...createCacheActivities(parts),
        ...createExplainActivities(parts),
        ...createReadBookActivities(parts),
      },
      maxHeartbeatThrottleInterval: TEXT_EVERY,
    }),
  };
}

/** The bundle that the build made; from source it is made now, which takes some seconds. */
async function workflowBundleOf(
  workflows: WorkflowSet,
  { bundles, logger, telemetry }: WorkerContext,
): Promise<WorkflowBundleOption> {
  const kind = { workflows, traced: telemetry?.traced ?? false };
  const codePath = join(bundles ?? builtBundles, bundleFile(kind));
  if (bundles || (import.meta.url.endsWith('.js') && existsSync(codePath))) return { codePath };
  logger.debug(kind, 'bundling the workflows');
  return await bundleWorkflows(kind);
}
