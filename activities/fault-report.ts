/** Sums up what a verification found, in a payload that stays far below what Temporal warns of. */
import type { BookFault, VerifyResult } from '../workflows/upkeep-contract.ts';
import type { BookFinding } from './book-check.ts';

type Summary = Pick<VerifyResult, 'found' | 'faultyBooks' | 'mendedBooks' | 'busyBooks' | 'faults'>;

/** Of JSON; a payload has 64 KB at most. */
const MAX_LISTED_BYTES = 48 * 1024;

export class FaultReport {
  readonly #found = { missing: 0, surplus: 0, stale: 0, foreign: 0 };
  readonly #left = new ListedFaults();
  readonly #mended = new ListedFaults();
  #busy = 0;

  add(finding: BookFinding): void {
    if (finding === null) return;
    if (finding === 'busy') {
      this.#busy += 1;
      return;
    }
    for (const fault of ['missing', 'surplus', 'stale', 'foreign'] as const)
      this.#found[fault] += finding[fault];
    (finding.mended ? this.#mended : this.#left).add(finding);
  }

  result(): Summary {
    const left = this.#left.within(MAX_LISTED_BYTES);
    const mended = this.#mended.within(MAX_LISTED_BYTES - bytesOf(left));
    return {
      found: this.#found,
      faultyBooks: this.#left.count + this.#mended.count,
      mendedBooks: this.#mended.count,
      busyBooks: this.#busy,
      faults: [...left, ...mended],
    };
  }
}

/** Keeps as many as may ever be listed, and counts the others. */
class ListedFaults {
  readonly #faults: BookFault[] = [];
  #bytes = 0;
  count = 0;

  add(fault: BookFault): void {
    this.count += 1;
    if (this.#bytes > MAX_LISTED_BYTES) return;
    this.#faults.push(fault);
    this.#bytes += bytesOf([fault]);
  }

  within(maxBytes: number): BookFault[] {
    let bytes = 0;
    return this.#faults.filter((fault) => {
      bytes += bytesOf([fault]);
      return bytes <= maxBytes;
    });
  }
}

function bytesOf(faults: readonly BookFault[]): number {
  return faults.reduce((sum, fault) => sum + Buffer.byteLength(JSON.stringify(fault)) + 1, 0);
}
