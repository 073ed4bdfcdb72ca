/**
 * Files that no version of a table reads any more but former ones. A compaction leaves them, for readers that are at work; the
 * next one takes them away. A table that is written no more has no next one, and would be twice as large for ever.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KEEP_VERSIONS_MS } from './table.ts';

/** Not worth a process. */
const FEW_FILES = 16;

/** How many files there are of which the table, at rest, has no need; 0 for a few, or where the folder can't be read. */
export async function litterOf(
  { folder, table }: { readonly folder: string; readonly table: string },
  fragments: number,
): Promise<number> {
  const files = await readdir(join(folder, `${table}.lance`, 'data')).catch(() => []);
  const litter = files.length - fragments;
  return litter > Math.max(FEW_FILES, fragments) ? litter : 0;
}

/** Sees when there is litter that may be taken away by now. */
export class LitterWatch {
  readonly #place: { readonly folder: string; readonly table: string };
  #seen = 0;
  /** How much of it upkeep has left: what can't be taken away must not call for it for ever. */
  #left = 0;

  constructor(place: { readonly folder: string; readonly table: string }) {
    this.#place = place;
  }

  async isDue(fragments: number): Promise<boolean> {
    this.#seen = await litterOf(this.#place, fragments);
    return this.#seen > 0 && this.#seen !== this.#left && (await this.#isAtRest());
  }

  /** Upkeep has taken away what it could. */
  tended(): void {
    this.#left = this.#seen;
  }

  /** For as long as former versions are kept: a version is a file in this folder. */
  async #isAtRest(): Promise<boolean> {
    const { folder, table } = this.#place;
    const versions = await stat(join(folder, `${table}.lance`, '_versions')).catch(() => null);
    return versions !== null && Date.now() - versions.mtimeMs > KEEP_VERSIONS_MS;
  }
}
