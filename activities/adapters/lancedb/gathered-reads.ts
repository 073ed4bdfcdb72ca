/**
 * Gathers the reads of concurrent callers: what is asked for while a query is under way goes together into the next.
 *
 * A query of LanceDB costs some milliseconds whatever it asks for, so that one for ten books costs little more than one
 * for a single book. A caller sees every write that was acknowledged before it asked.
 */
export class GatheredReads<Value> {
  readonly #load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  #waiting = new Set<string>();
  #next: Promise<ReadonlyMap<string, Value>> | null = null;
  #running: Promise<unknown> = Promise.resolve();

  /** `load` gives the values of all keys that have one. */
  constructor(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#load = load;
  }

  /** Rejects with what the query failed with. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    for (const key of keys) this.#waiting.add(key);
    this.#next ??= this.#after(this.#running);
    const found = await this.#next;
    return new Map(
      keys.flatMap((key) => {
        const value = found.get(key);
        return value === undefined ? [] : [[key, value] as const];
      }),
    );
  }

  async #after(before: Promise<unknown>): Promise<ReadonlyMap<string, Value>> {
    await before;
    const keys = [...this.#waiting];
    this.#waiting = new Set();
    this.#next = null;
    const query = this.#load(keys);
    // Whoever comes next waits for it, and not for what became of it.
    this.#running = query.catch(() => {});
    return await query;
  }
}
