import { type TableState, unindexedRows } from './upkeep-plan.ts';

/** Sees that nobody writes a table any more, so that its last few rows are worth being indexed. */
export class IdleWatch {
  #last = '';
  /** For which state it has said so already: rows that upkeep could not index must not call for it for ever. */
  #said = '';

  isIdle(state: TableState): boolean {
    const seen = `${state.rows}/${unindexedRows(state)}`;
    const idle = unindexedRows(state) > 0 && seen === this.#last && seen !== this.#said;
    this.#last = seen;
    if (idle) this.#said = seen;
    return idle;
  }
}
