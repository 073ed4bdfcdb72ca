import type { ListenAddress, ListenRule } from '../listen-address.ts';
import type { SlowQueries } from './query-meter.ts';

export interface TelemetrySettings {
  /** Null: there is no such page. */
  readonly metricsAddress: ListenAddress | null;
  readonly slowQueries: SlowQueries;
}

/** What OpenTelemetry's exporters for Prometheus listen on; a machine may have many workers. */
export const METRICS_RULE: ListenRule = {
  ...{ variable: 'SCRIPTORIUM_METRICS_ADDRESS', firstPort: 9_464, lastPort: 9_563 },
};
