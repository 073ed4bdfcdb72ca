/** What a step of `ingestLibrary` hands on to the next one. */
import type { BookFailure, RunningBook, ScanResult, WaitingBook } from './contract.ts';
import type { FormatWork, ProgressSample } from './run-contract.ts';

/** What a run takes along when it continues as new. */
export interface CarriedState {
  readonly scan: ScanResult;
  /** Entries of the scan's manifest that were started; in former versions those of the retries, too. */
  readonly cursor: number;
  readonly running: readonly RunningBook[];
  readonly ingested: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly chunks: number;
  readonly failures: readonly BookFailure[];
  readonly startedAtMs: number;
  readonly cancelling: boolean;
  // What follows is absent in runs of version 0.1.
  readonly paused?: boolean;
  /** Manifests of books that are tried again. */
  readonly retries?: readonly { readonly key: string; readonly count: number }[];
  readonly front?: readonly WaitingBook[];
  /** Ordinals not below the cursor that do not wait in their place any more. */
  readonly taken?: readonly number[];
  readonly formats?: Readonly<Record<string, FormatWork>>;
  readonly samples?: readonly ProgressSample[];
  // What follows is absent in runs before version 0.7.
  /** Books that retries found beside those that had failed: a folder that could not be read counted as one. */
  readonly added?: number;
  /** Of books that had failed: what is ingested and unchanged by now. */
  readonly unchanged?: number;
  // What follows is absent in runs of former versions.
  readonly incomplete?: number;
  /** Entries of the manifests of retries that were started. */
  readonly retried?: number;
  /** Whether books that are tried again go before those that the scan found. */
  readonly retriesFirst?: boolean;
}
