import type { Table } from '@lancedb/lancedb';

/** Most keys that are kept, some 100 bytes each. A table of more is merged into, without a look. */
const MOST_KEYS = 50_000;

/**
 * The keys of a table, for as long as this process alone changes it.
 *
 * To merge a row costs LanceDB 12 to 16 ms of a core, to append it 4; and most records of a run are the first of their key.
 * Only keys of the newest version are vouched for: another version is another process's, or a compaction's, and the keys are
 * read anew.
 */
export class KnownKeys {
  readonly #most: number;
  readonly #keys = new Set<string>();
  #version: number | null = null;

  constructor(most = MOST_KEYS) {
    this.#most = most;
  }

  /** Whether the newest version has none of the keys; false also when that can't be told cheaply. Rejects with what a read failed with. */
  async hasNone(table: Table, keys: readonly string[]): Promise<boolean> {
    const version = await table.version();
    if (this.#version !== version) await this.#load(table, version);
    return this.#version === version && !keys.some((key) => this.#keys.has(key));
  }

  /** A commit of this process made the version, and may have added the keys. Of any version but the next, nothing is known. */
  wrote(version: number, keys: readonly string[]): void {
    this.#version = this.#version === version - 1 ? version : null;
    for (const key of keys) this.#keys.add(key);
  }

  async #load(table: Table, version: number): Promise<void> {
    this.#keys.clear();
    this.#version = null;
    if ((await table.countRows()) > this.#most) return;
    for await (const batch of table.query().select(['key'])) {
      const column = batch.getChild('key');
      for (let row = 0; row < batch.numRows; row++) this.#keys.add(String(column?.get(row)));
    }
    // What was written meanwhile may have been read or not.
    if ((await table.version()) === version) this.#version = version;
  }
}
