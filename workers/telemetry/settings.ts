import { ScriptoriumError } from '../../activities/errors.ts';
import type { SlowQueries } from './query-meter.ts';

export interface MetricsAddress {
  readonly host: string;
  /** Tried in order from the first to the last; 0 is any free one. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export interface TelemetrySettings {
  /** Null: there is no such page. */
  readonly metricsAddress: MetricsAddress | null;
  readonly slowQueries: SlowQueries;
}

/** What OpenTelemetry's exporters for Prometheus listen on; a machine may have many workers. */
const FIRST_PORT = 9_464;
const LAST_PORT = 9_563;

/**
 * Loopback and the first free of a hundred ports when nothing is said; exactly the address that is given, otherwise.
 * @throws ScriptoriumError INVALID_CONFIG
 */
export function metricsAddressOf(value: string | undefined): MetricsAddress | null {
  if (value === undefined) return { host: '127.0.0.1', firstPort: FIRST_PORT, lastPort: LAST_PORT };
  if (value.trim() === 'off') return null;
  const [, host = '', digits = ''] = /^(?:\[?(.+?)\]?):(\d{1,5})$/.exec(value.trim()) ?? [];
  const port = Number(digits);
  if (host !== '' && port <= 65_535) return { host, firstPort: port, lastPort: port };
  throw new ScriptoriumError(
    'INVALID_CONFIG',
    `SCRIPTORIUM_METRICS_ADDRESS=${value} is neither host:port nor off`,
  );
}
