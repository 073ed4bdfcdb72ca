import { dirname, normalize } from 'node:path';
import { trimmed } from './straight-names.ts';

/** Paths of folders and files, asked for what is one of them or lies below one. */
export class PathSet {
  readonly #paths: Set<string>;

  constructor(paths: Iterable<string> = []) {
    this.#paths = new Set([...paths].map(spelled));
  }

  add(path: string): void {
    this.#paths.add(spelled(path));
  }

  /** True for a path of the set, and for all that lies below one. */
  covers(path: string): boolean {
    for (let each = spelled(path); ; each = dirname(each)) {
      if (this.#paths.has(each)) return true;
      if (each === dirname(each)) return false;
    }
  }
}

function spelled(path: string): string {
  return trimmed(normalize(path));
}
