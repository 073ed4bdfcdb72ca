/** Counts of the files that a scan passed over. They travel with every step of a run, so they stay few. */

/** Endings that are told apart in a result; what is beyond them is summed. */
const MOST_TOLD = 30;
/** Endings that are counted apart meanwhile: a folder of numbered backups has one for each file. */
const MOST_COUNTED = 1_000;
const OTHER = '(other)';

export class SkippedFiles {
  readonly #counts = new Map<string, number>();
  #other = 0;

  add(ending: string): void {
    const count = this.#counts.get(ending);
    if (count === undefined && this.#counts.size >= MOST_COUNTED) this.#other += 1;
    else this.#counts.set(ending, (count ?? 0) + 1);
  }

  /** By ending, the most frequent first. */
  result(): Record<string, number> {
    const byCount = [...this.#counts].sort(([, a], [, b]) => b - a);
    const told = byCount.slice(0, MOST_TOLD);
    const other = byCount.slice(MOST_TOLD).reduce((sum, [, count]) => sum + count, this.#other);
    return Object.fromEntries(other > 0 ? [...told, [OTHER, other]] : told);
  }
}
