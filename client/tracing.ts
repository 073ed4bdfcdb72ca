/**
 * Traces, by the standard OTEL_* variables. Off unless they ask for it, and then nothing of OpenTelemetry's SDK is
 * loaded.
 */
import type { Tracer } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { ScriptoriumError } from '../activities/errors.ts';

export interface Tracing extends AsyncDisposable {
  readonly tracer: Tracer;
  /** Takes the spans of workflows, which end in a sandbox of their own. */
  readonly processor: SpanProcessor;
  readonly resource: Resource;
}

export interface TracingOptions {
  readonly serviceName: string;
  /** Longest time for what is sent at once, retries included, in milliseconds. Default: OpenTelemetry's, 10 s. */
  readonly sendWithinMs?: number;
  /** Hears of spans that could not be sent: a collector that is gone must not end what is traced. */
  onLost(error: unknown): void;
}

/** True when the environment names where traces go. */
export function tracingWanted(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  if (env.OTEL_TRACES_EXPORTER) return env.OTEL_TRACES_EXPORTER.trim() !== 'none';
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

/**
 * Starts OpenTelemetry's SDK for this process, which reads the other OTEL_* variables by itself. Null when no traces are
 * wanted. What is disposed of sends what it holds.
 * @throws ScriptoriumError INVALID_CONFIG when the exporter or its protocol is unknown
 */
export async function startTracing(
  env: NodeJS.ProcessEnv,
  { serviceName, sendWithinMs, onLost }: TracingOptions,
): Promise<Tracing | null> {
  if (!tracingWanted(env)) return null;
  const [{ trace }, { NodeSDK, core }, { BatchSpanProcessor }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': env.OTEL_SERVICE_NAME || serviceName }))
    .merge(resources.detectResources({ detectors: [resources.envDetector, resources.hostDetector] }))
    .merge(resources.resourceFromAttributes({ 'process.pid': process.pid }));
  const processor = new BatchSpanProcessor(await exporterOf(env, sendWithinMs));
  core.setGlobalErrorHandler(onLost);
  const sdk = new NodeSDK({
    ...{ resource, autoDetectResources: false, spanProcessors: [processor] },
    // Metrics and logs go other ways.
    ...{ metricReaders: [], logRecordProcessors: [] },
  });
  sdk.start();
  return {
    ...{ processor, resource, tracer: trace.getTracer('scriptorium') },
    [Symbol.asyncDispose]: () => sdk.shutdown().catch(onLost),
  };
}

/**
 * The interceptors that hand a trace on to the workflows that are started. Looking at a workflow is not traced: progress
 * is asked for each second.
 */
export async function traceStarts(env: NodeJS.ProcessEnv): Promise<WorkflowClientInterceptor[]> {
  if (!tracingWanted(env)) return [];
  const { OpenTelemetryWorkflowClientInterceptor } = await import(
    '@temporalio/interceptors-opentelemetry-v2/lib/client/index.js'
  );
  const all = new OpenTelemetryWorkflowClientInterceptor();
  return [
    {
      startWithDetails: (input, next) => all.startWithDetails(input, next),
      signalWithStart: (input, next) => all.signalWithStart(input, next),
      startUpdate: (input, next) => all.startUpdate(input, next),
      startUpdateWithStart: (input, next) => all.startUpdateWithStart(input, next),
    },
  ];
}

/** @throws ScriptoriumError INVALID_CONFIG */
async function exporterOf(env: NodeJS.ProcessEnv, sendWithinMs: number | undefined): Promise<SpanExporter> {
  const exporter = env.OTEL_TRACES_EXPORTER?.trim() || 'otlp';
  if (exporter === 'console')
    return new (await import('@opentelemetry/sdk-trace-base')).ConsoleSpanExporter();
  if (exporter !== 'otlp')
    throw new ScriptoriumError(
      'INVALID_CONFIG',
      `OTEL_TRACES_EXPORTER=${exporter} is not known; it may be otlp, console or none`,
    );
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  const load = otlpExporters[protocol];
  const isSet = env.OTEL_EXPORTER_OTLP_TIMEOUT || env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT;
  const limit = sendWithinMs !== undefined && !isSet ? { timeoutMillis: sendWithinMs } : {};
  if (load) return new (await load()).OTLPTraceExporter(limit);
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is not known; it may be ${Object.keys(otlpExporters).join(', ')}`,
  );
}

type OtlpExporter = new (config: { readonly timeoutMillis?: number }) => SpanExporter;

const otlpExporters: Readonly<Record<string, () => Promise<{ OTLPTraceExporter: OtlpExporter }>>> = {
  'http/protobuf': () => import('@opentelemetry/exporter-trace-otlp-proto'),
  'http/json': () => import('@opentelemetry/exporter-trace-otlp-http'),
  grpc: () => import('@opentelemetry/exporter-trace-otlp-grpc'),
};
