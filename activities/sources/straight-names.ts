/**
 * A file that a walk can meet by several names, because links lead to it, must be one book with one name, and the same
 * at every walk. That is the name that follows no link below the paths that are walked, where there is one.
 */
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

interface Top {
  readonly path: string;
  readonly realPath: string;
}

export class StraightNames {
  readonly #tops: readonly Top[];

  private constructor(tops: readonly Top[]) {
    this.#tops = tops;
  }

  /** Of the paths that a walk was given. */
  static async below(paths: readonly string[]): Promise<StraightNames> {
    const tops: Top[] = [];
    for (const path of paths) {
      const real = await realpath(path).catch(() => null);
      if (real !== null) tops.push({ path, realPath: real });
    }
    // A top that is itself no link goes before one that is.
    return new StraightNames(tops.sort((a, b) => linksIn(a) - linksIn(b)));
  }

  /** The name by which a walk meets what lies at a real path without following a link; null when there is none. */
  of(realPath: string): string | null {
    for (const top of this.#tops) {
      const below = relative(top.realPath, realPath);
      if (below === '') return trimmed(top.path);
      const hidden = below.split(sep).some((name) => name.startsWith('.'));
      // What is not below begins with `..`; names with a dot are passed over.
      if (!hidden && !isAbsolute(below)) return join(top.path, below);
    }
    return null;
  }
}

function linksIn({ path, realPath }: Top): number {
  return trimmed(path) === realPath ? 0 : 1;
}

/** Without the separator that people leave at the end of a folder's name. */
export function trimmed(path: string): string {
  return path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path;
}
