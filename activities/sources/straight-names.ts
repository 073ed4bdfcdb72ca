/**
 * A file that a walk can meet by several names, because links lead to it, must be one book with one name, and the same
 * at every walk. That is the name that follows no link below the paths that are walked, where there is one.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

interface Top {
  readonly path: string;
  readonly realPath: string;
}

/** A top, and its place among all of them: the first that leads to a file names it. */
interface Ranked {
  readonly top: Top;
  readonly rank: number;
}

export class StraightNames {
  /** By real path. Of several tops with the same one only the first can name anything. */
  readonly #tops = new Map<string, Ranked>();

  private constructor(tops: readonly Top[]) {
    for (const [rank, top] of tops.entries())
      if (!this.#tops.has(top.realPath)) this.#tops.set(top.realPath, { top, rank });
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
    const first = this.#firstAbove(realPath);
    if (first === null) return null;
    const below = relative(first.realPath, realPath);
    return below === '' ? trimmed(first.path) : join(first.path, below);
  }

  /** Goes up the folders, as there may be as many tops as files. Below a top, names with a dot are passed over. */
  #firstAbove(realPath: string): Top | null {
    let first: Ranked | null = null;
    for (let each = realPath; ; each = dirname(each)) {
      const ranked = this.#tops.get(each);
      if (ranked && (first === null || ranked.rank < first.rank)) first = ranked;
      if (basename(each).startsWith('.') || each === dirname(each)) return first?.top ?? null;
    }
  }
}

function linksIn({ path, realPath }: Top): number {
  return trimmed(path) === realPath ? 0 : 1;
}

/** Without the separator that people leave at the end of a folder's name. */
export function trimmed(path: string): string {
  return path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path;
}
