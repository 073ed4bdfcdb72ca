/** Logs as JSON lines on standard error; what Temporal's own code says goes the same way. */
import { Runtime, type Logger as TemporalLogger } from '@temporalio/worker';
import { type Logger, pino, stdSerializers } from 'pino';

/** Names of fields that never reach a log. */
const SECRET_FIELDS = ['apiKey', 'token', '*.apiKey', '*.token', '*.authorization'];

export function createLogger(level: string, name: string): Logger {
  return pino({ name, level, redact: SECRET_FIELDS, serializers }, pino.destination({ dest: 2, sync: true }));
}

/** Temporal's code says `error`, where pino looks for `err`. */
const serializers = { error: stdSerializers.err, err: stdSerializers.err };

/** Call once, before the first connection. */
export function installRuntime(logger: Logger): void {
  // Signals are ours: the stack stops its parts in order.
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });
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
