import { type TableState, unindexedRows } from './upkeep-plan.ts';

/** Sees that nobody writes a table any more, so that its last few rows are worth being indexed. */
export class IdleWatch {
  #last = '';
  #rows: number | null = null;
  #isGrowing = false;
  /** For which state it has said so already: rows that upkeep could not index must not call for it for ever. */
  #said = '';

  /** Whether the last look found more rows, or fewer, than the one before. */
  get isGrowing(): boolean {
    return this.#isGrowing;
  }

  /** A look; looks are some seconds apart. */
  isIdle(state: TableState): boolean {
    this.#isGrowing = this.#rows !== null && this.#rows !== state.rows;
    this.#rows = state.rows;
    const seen = `${state.rows}/${unindexedRows(state)}`;
    const idle = unindexedRows(state) > 0 && seen === this.#last && seen !== this.#said;
    this.#last = seen;
    if (idle) this.#said = seen;
    return idle;
  }
}
