/** What a worker process sees of itself: traces by the OTEL_* variables, metrics on a page, slow questions in the log. */
import type {
  ActivityInterceptorsFactory,
  InjectedSinks,
  RuntimeOptions,
  WorkerOptions,
} from '@temporalio/worker';
import getPort from 'get-port';
import type { Logger } from 'pino';
import type { Embedder } from '../../activities/ports/embedder.ts';
import type { Meter } from '../../activities/ports/telemetry.ts';
import { startTracing, type Tracing } from '../../client/tracing.ts';
import type { EndSinks } from '../../workflows/observe.ts';
import type { Config } from '../config.ts';
import type { Parts } from '../parts.ts';
import { observeActivity } from './activity-observer.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { startMetricsServer } from './metrics-server.ts';
import { observedEmbedder, observedParts } from './observed-parts.ts';
import { createMeter, SlowLog } from './query-meter.ts';
import { ofWorkflows, tracerOver } from './spans.ts';
import { endSinks } from './workflow-observer.ts';

export interface Telemetry extends AsyncDisposable {
  /** Whether workflows must come from the traced bundle. */
  readonly traced: boolean;
  /** Where Prometheus reads; null when there is no such page. */
  readonly metricsUrl: string | null;
  /** That page, for servers of this process that show it too; null when there is none. */
  readonly metricsPage: (() => Promise<string>) | null;
  /** The latest slow questions. */
  readonly slowLog: SlowLog;
  /** For `Runtime.install`. */
  readonly runtime: Pick<RuntimeOptions, 'telemetryOptions'>;
  /** For every worker. */
  readonly worker: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** For what serves questions without a workflow. */
  readonly meter: Meter;
  observe(parts: Parts): Parts;
  observeEmbedder(embedder: Embedder): Embedder;
}

/** @throws ScriptoriumError INVALID_CONFIG */
export async function openTelemetry(config: Config, logger: Logger): Promise<Telemetry> {
  await using opened = new AsyncDisposableStack();
  const tracing = await startTracing(config.env, {
    serviceName: 'scriptorium',
    onLost: lostOnce(logger),
  });
  if (tracing) opened.use(tracing);
  const metrics = createMetrics();
  opened.defer(() => metrics.close());
  const { metricsAddress } = config.telemetry;
  const coreAddress = metricsAddress ? `127.0.0.1:${await getPort({ host: '127.0.0.1' })}` : null;
  const page = async (): Promise<string> => `${await metrics.page()}${await corePage(coreAddress)}`;
  const server = metricsAddress ? await startMetricsServer({ address: metricsAddress, page }) : null;
  if (server) opened.use(server);
  const slowLog = new SlowLog(config.telemetry.slowQueries, logger);
  const meter = createMeter(metrics, slowLog);
  const owned = opened.move();
  const tracer = tracing && tracerOver(tracing.tracer);
  return {
    traced: tracing !== null,
    metricsUrl: server?.url ?? null,
    metricsPage: server && page,
    slowLog,
    runtime: coreAddress ? { telemetryOptions: coreMetrics(coreAddress) } : {},
    worker: await workerOptions(metrics, meter, tracing),
    meter,
    observe: (parts) =>
      observedParts(parts, {
        ...{ metrics, meter, tracer, storeSystem: config.store.kind },
        answerModel: config.answers?.model ?? null,
      }),
    observeEmbedder: (embedder) => observedEmbedder(embedder, { metrics, tracer }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A collector that is gone for a night is one warning, not thousands. */
function lostOnce(logger: Pick<Logger, 'warn' | 'debug'>): (error: unknown) => void {
  let level: 'warn' | 'debug' = 'warn';
  return (error) => {
    logger[level]({ error }, 'traces could not be sent; they are lost until the collector is there');
    level = 'debug';
  };
}

function coreMetrics(bindAddress: string): NonNullable<RuntimeOptions['telemetryOptions']> {
  return {
    metrics: {
      prometheus: { bindAddress, useSecondsForDurations: true, unitSuffix: true },
    },
  };
}

/** Longest wait for Temporal's own figures, which are read in this process. */
const CORE_TIMEOUT_MS = 2_000;

async function corePage(address: string | null): Promise<string> {
  try {
    const response = await fetch(`http://${address}/metrics`, {
      signal: AbortSignal.timeout(CORE_TIMEOUT_MS),
    });
    return await response.text();
  } catch (error) {
    // Ours are worth having without them.
    return `# Temporal's own metrics could not be read: ${String(error).replaceAll('\n', ' ')}\n`;
  }
}

async function workerOptions(
  metrics: Metrics,
  meter: Meter,
  tracing: Tracing | null,
): Promise<Telemetry['worker']> {
  const activity: ActivityInterceptorsFactory = (context) =>
    observeActivity(context, { metrics, traced: tracing !== null });
  const sinks: InjectedSinks<EndSinks> = endSinks({ metrics, meter });
  if (!tracing) return { interceptors: { activity: [activity] }, sinks };
  const temporal = await import('@temporalio/interceptors-opentelemetry-v2/lib/worker/index.js');
  const processor = { ...silent, ...ofWorkflows(tracing.processor) };
  return {
    interceptors: {
      activity: [
        (context) => ({
          inbound: new temporal.OpenTelemetryActivityInboundInterceptor(context),
          outbound: new temporal.OpenTelemetryActivityOutboundInterceptor(context),
        }),
        activity,
      ],
    },
    sinks: { ...sinks, exporter: temporal.makeWorkflowExporter(processor, tracing.resource) },
  };
}

/** The parts of a span processor that a workflow's finished spans do not come to. */
const silent = { forceFlush: async () => {}, shutdown: async () => {}, onStart: () => {} };
