/** The failures that a run shows. They travel with every step of it and with every query, so they stay few and short. */
import { type BookFailure, MAX_LISTED_FAILURES } from './contract.ts';

/** Paths and messages together, in UTF-16 units. */
const MAX_LENGTH = 24_000;
/** Names of fields, code, stage and attempts of one. */
const LENGTH_BESIDE = 80;

/** The latest failures, as many as fit. */
export function latestOf(failures: readonly BookFailure[]): readonly BookFailure[] {
  let length = 0;
  const latest: BookFailure[] = [];
  for (const failure of failures.slice(-MAX_LISTED_FAILURES).reverse()) {
    length += failure.path.length + failure.message.length + LENGTH_BESIDE;
    if (length > MAX_LENGTH) break;
    latest.unshift(failure);
  }
  return latest;
}
