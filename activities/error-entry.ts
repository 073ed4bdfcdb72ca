/** What the registry of failures says of one, and how its kinds are written down. */
export interface ErrorEntry {
  /** True when the same call may succeed later: it is tried three times, or for as long as an outage lasts. */
  readonly retryable: boolean;
  /** True when a part that many books need is out of service: a book waits for it, and its tries are not counted. */
  readonly outage: boolean;
  /** True when the file itself is at fault: under the same pipeline and limits the same bytes fail again. */
  readonly ofContent: boolean;
  readonly meaning: string;
  readonly remedy: string;
}

/** Not an outage, and no fault of the file. */
export const entry = (retryable: boolean, meaning: string, remedy: string): ErrorEntry => ({
  retryable,
  outage: false,
  ofContent: false,
  meaning,
  remedy,
});
export const ofContent = (meaning: string, remedy: string): ErrorEntry => ({
  ...entry(false, meaning, remedy),
  ofContent: true,
});
export const outage = (meaning: string, remedy: string): ErrorEntry => ({
  ...entry(true, meaning, remedy),
  outage: true,
});
