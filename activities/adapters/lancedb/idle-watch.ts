import { type TableState, unindexedRows } from './upkeep-plan.ts';

/**
 * An hour of looks. Who was told may not have got upkeep going; and rows that it could not index must not call for it
 * all the time.
 */
const LOOKS_UNTIL_AGAIN = 180;

/** Sees that nobody writes a table any more, so that its last few rows are worth being indexed. */
export class IdleWatch {
  #last = '';
  #rows: number | null = null;
  #isGrowing = false;
  /** For which state it has said so already, and how many looks ago. */
  #said = '';
  #looksSince = 0;

  /** Whether the last look found more rows, or fewer, than the one before. */
  get isGrowing(): boolean {
    return this.#isGrowing;
  }

  /** A look; looks are some seconds apart. */
  isIdle(state: TableState): boolean {
    this.#isGrowing = this.#rows !== null && this.#rows !== state.rows;
    this.#rows = state.rows;
    const seen = `${state.rows}/${unindexedRows(state)}`;
    this.#looksSince += 1;
    const isSaid = seen === this.#said && this.#looksSince < LOOKS_UNTIL_AGAIN;
    const idle = unindexedRows(state) > 0 && seen === this.#last && !isSaid;
    this.#last = seen;
    if (idle) [this.#said, this.#looksSince] = [seen, 0];
    return idle;
  }
}
