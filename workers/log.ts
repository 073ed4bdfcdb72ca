/** Logs as JSON lines on standard error; what Temporal's own code says goes the same way. */
import { Runtime, type RuntimeOptions, type Logger as TemporalLogger } from '@temporalio/worker';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

/** Names of fields that never reach a log. */
const SECRET_FIELDS = ['apiKey', 'token', '*.apiKey', '*.token', 'authorization', '*.authorization'];

export interface LogOptions {
  /** Values that never reach a log, whatever text they stand in: an endpoint may repeat the key that it refuses. */
  readonly secrets?: readonly string[];
  /** Fields for each line: which trace it belongs to. */
  readonly mixin?: () => object;
  /** Default: standard error. */
  readonly destination?: DestinationStream;
}

export function createLogger(
  level: string,
  name: string,
  { secrets = [], mixin, destination = pino.destination({ dest: 2, sync: true }) }: LogOptions = {},
): Logger {
  const streamWrite = without(secrets);
  return pino(
    {
      ...{ name, level, redact: SECRET_FIELDS, serializers },
      ...(mixin && { mixin }),
      ...(streamWrite && { hooks: { streamWrite } }),
    },
    destination,
  );
}

/** Shorter ones would blot out ordinary words. */
const SHORTEST_SECRET = 8;

function without(secrets: readonly string[]): ((line: string) => string) | null {
  // As they stand in a line of JSON.
  const hidden = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .map((secret) => JSON.stringify(secret).slice(1, -1));
  if (hidden.length === 0) return null;
  return (line) => hidden.reduce((text, secret) => text.replaceAll(secret, '[Redacted]'), line);
}

/** Variables whose values are secrets; the last one holds headers, `name=value` each. */
const SECRET_VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'OPENAI_API_KEY',
  'QDRANT_API_KEY',
  'SCRIPTORIUM_EMBEDDINGS_KEY',
  'SCRIPTORIUM_RERANK_KEY',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
];
const SECRET_HEADERS = /^OTEL_EXPORTER_OTLP_(?:TRACES_|METRICS_|LOGS_)?HEADERS$/;

export function secretsIn(env: NodeJS.ProcessEnv): string[] {
  const headers = Object.entries(env).flatMap(([variable, value = '']) =>
    SECRET_HEADERS.test(variable)
      ? value.split(',').map((header) => header.slice(header.indexOf('=') + 1).trim())
      : [],
  );
  return [...SECRET_VARIABLES.flatMap((variable) => env[variable] ?? []), ...headers];
}

/** Temporal's code says `error`, where pino looks for `err`. */
const serializers = { error: stdSerializers.err, err: stdSerializers.err };

/** Call once, before the first connection. */
export function installRuntime(logger: Logger, options: Pick<RuntimeOptions, 'telemetryOptions'> = {}): void {
  // Signals are ours: the stack stops its parts in order.
  Runtime.install({ ...options, logger: temporalLogger(logger), shutdownSignals: [] });
}

function temporalLogger(logger: Logger): TemporalLogger {
  const at = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[level](meta ?? {}, message);
  const levels = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  const names = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return { ...levels, log: (level, message, meta) => levels[names[level]](message, meta) };
}
