import { LRUCache } from 'lru-cache';

export interface VersionedReadsOptions<Value, Hint> {
  /** The newest version of the table, of whatever process. */
  version(): Promise<number>;
  /** The values of all keys that have one. @param hint what the caller knows of them */
  load(keys: readonly string[], hint: Hint): Promise<ReadonlyMap<string, Value>>;
  /** Most keys that are kept. */
  readonly most: number;
}

/**
 * Keeps what was read of a table for as long as the table has the same version.
 *
 * To ask for the version takes LanceDB 0.2 ms, a query of the smallest table 4 to 8 ms of a core. A caller sees every
 * write of whatever process that was acknowledged before it asked.
 */
export class VersionedReads<Value, Hint = void> {
  readonly #options: VersionedReadsOptions<Value, Hint>;
  /** Null for a key that has no value. */
  readonly #kept: LRUCache<string, { readonly value: Value | null }>;
  #version: number | null = null;

  constructor(options: VersionedReadsOptions<Value, Hint>) {
    this.#options = options;
    this.#kept = new LRUCache({ max: options.most });
  }

  /** The values of those keys that have one. Rejects with what the query failed with. */
  async read(keys: readonly string[], hint: Hint): Promise<ReadonlyMap<string, Value>> {
    const version = await this.#options.version();
    if (version !== this.#version) this.#kept.clear();
    this.#version = version;
    const values = new Map<string, Value>();
    const missing: string[] = [];
    for (const key of keys) {
      const kept = this.#kept.get(key);
      if (!kept) missing.push(key);
      else if (kept.value !== null) values.set(key, kept.value);
    }
    if (missing.length === 0) return values;
    const loaded = await this.#options.load(missing, hint);
    for (const key of missing) {
      const value = loaded.get(key) ?? null;
      if (value !== null) values.set(key, value);
      // What was loaded is of this version or a newer one, which nobody has been told of yet.
      if (this.#version === version) this.#kept.set(key, { value });
    }
    return values;
  }
}
