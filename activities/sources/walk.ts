/** Finds the books below the given paths, follows links, and says of everything it can't read why. */
import type { Stats } from 'node:fs';
import { access, constants, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { diskCodeOf, type ErrorCode, ScriptoriumError } from '../errors.ts';
import { assertInsideRoots } from './roots.ts';
import { StraightNames, trimmed } from './straight-names.ts';

export interface FoundBook {
  readonly kind: 'book';
  /** Absolute path as it was found, links not resolved; of several names of one file always the same. */
  readonly path: string;
  readonly bytes: number;
  readonly mtimeMs: number;
}

export type Found =
  | FoundBook
  | { readonly kind: 'failure'; readonly path: string; readonly error: ScriptoriumError }
  | { readonly kind: 'skipped'; readonly path: string; readonly ending: string };

export interface WalkOptions {
  /** Real paths must lie in one of these; no restriction when empty. */
  readonly roots: readonly string[];
  /** Tells from a name whether the file may be a book. */
  isBookName(name: string): boolean;
}

/**
 * Depth-first and in the order of names, so that two walks over the same folder agree. However the paths overlap, each
 * book and each failure comes once.
 */
export async function* walkSources(paths: readonly string[], options: WalkOptions): AsyncGenerator<Found> {
  const walk = new Walk(options, await StraightNames.below(paths.map((path) => normalize(path))));
  const failed = new Set<string>();
  for (const path of paths) {
    for await (const item of walk.top(normalize(path))) {
      if (item.kind === 'failure' && failed.has(item.path)) continue;
      if (item.kind === 'failure') failed.add(item.path);
      yield item;
    }
  }
}

/** How a link to a book or folder that has a name of its own counts among the skipped files. */
export const OTHER_NAME = '(another name)';

interface Entry {
  readonly stats: Stats;
  readonly realPath: string;
}

class Walk {
  readonly #options: WalkOptions;
  readonly #straightNames: StraightNames;
  /** Names of the books and folders that were met, by their real path. */
  readonly #seen = new Map<string, string>();
  /** How often a book or folder was met that had come before. */
  #repeated = 0;

  constructor(options: WalkOptions, straightNames: StraightNames) {
    this.#options = options;
    this.#straightNames = straightNames;
  }

  /** A path that a person named: unlike what lies in a folder, it must be a book or hold some. */
  async *top(path: string): AsyncGenerator<Found> {
    const entry = await this.#look(path);
    if ('error' in entry) yield entry;
    else if (entry.stats.isFile()) yield* this.#namedFile(path, entry);
    else if (entry.stats.isDirectory()) yield* this.#namedFolder(path, entry.realPath);
    else yield failure(path, 'UNSUPPORTED_FORMAT', `${path} is neither a file nor a folder`);
  }

  async *#namedFile(path: string, entry: Entry): AsyncGenerator<Found> {
    if (this.#options.isBookName(path)) yield* this.#book(path, entry);
    else yield failure(path, 'UNSUPPORTED_FORMAT', `${path} has no ending of a supported format`);
  }

  async *#namedFolder(path: string, realPath: string): AsyncGenerator<Found> {
    const repeated = this.#repeated;
    let found = 0;
    for await (const item of this.#folder(path, realPath, [])) {
      if (item.kind !== 'skipped') found += 1;
      yield item;
    }
    if (found === 0 && this.#repeated === repeated)
      yield failure(path, 'NO_BOOKS_FOUND', `${path} holds no book`);
  }

  async *#folder(path: string, realPath: string, ancestors: readonly string[]): AsyncGenerator<Found> {
    if (ancestors.includes(realPath)) {
      yield failure(path, 'SYMLINK_LOOP', `${path} links to a folder that holds it`);
      return;
    }
    const known = this.#nameOf(realPath, this.#straightNames.of(realPath), path);
    if (known !== path) {
      yield* this.#repeat(path, known);
      return;
    }
    const names = await namesIn(path);
    if (names instanceof ScriptoriumError) {
      yield { kind: 'failure', path, error: names };
      return;
    }
    for (const name of names) yield* this.#inFolder(join(path, name), [...ancestors, realPath]);
  }

  async *#inFolder(path: string, ancestors: readonly string[]): AsyncGenerator<Found> {
    const entry = await this.#look(path);
    if ('error' in entry) yield entry;
    else if (entry.stats.isDirectory()) yield* this.#folder(path, entry.realPath, ancestors);
    else if (entry.stats.isFile() && this.#options.isBookName(path)) yield* this.#book(path, entry);
    else yield { kind: 'skipped', path, ending: extname(path).toLowerCase() || '(none)' };
  }

  async *#book(path: string, { stats, realPath }: Entry): AsyncGenerator<Found> {
    const straight = this.#straightNames.of(realPath);
    const findable = straight !== null && this.#options.isBookName(straight) ? straight : null;
    const known = this.#nameOf(realPath, findable, path);
    if (known !== path) {
      yield* this.#repeat(path, known);
      return;
    }
    const unreadable = await access(path, constants.R_OK).catch((error: unknown) => error);
    if (unreadable) yield { kind: 'failure', path, error: sourceError(path, unreadable) };
    else yield { kind: 'book', path, bytes: stats.size, mtimeMs: Math.trunc(stats.mtimeMs) };
  }

  /** `path` itself when what lies there is to be taken now, by this name; otherwise the name that it has, or null once it was taken by `path`. */
  #nameOf(realPath: string, straight: string | null, path: string): string | null {
    if (straight !== null && straight !== trimmed(path)) return straight;
    const seen = this.#seen.get(realPath);
    this.#seen.set(realPath, seen ?? path);
    if (seen === undefined) return path;
    return trimmed(seen) === trimmed(path) ? null : seen;
  }

  /** Met before, or yet to be met by its own name, which is another one. */
  *#repeat(path: string, known: string | null): Generator<Found> {
    this.#repeated += 1;
    if (known !== null) yield { kind: 'skipped', path, ending: OTHER_NAME };
  }

  async #look(path: string): Promise<Entry | Extract<Found, { kind: 'failure' }>> {
    try {
      const realPath = await realpath(path);
      assertInsideRoots(path, realPath, this.#options.roots);
      return { stats: await stat(realPath), realPath };
    } catch (error) {
      return { kind: 'failure', path, error: sourceError(path, error) };
    }
  }
}

/** Names in a folder, sorted; those that begin with a dot belong to the system, not to the library. */
async function namesIn(path: string): Promise<string[] | ScriptoriumError> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    return sourceError(path, error);
  }
}

const codeOfErrno: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'SOURCE_MISSING',
  ENOTDIR: 'SOURCE_MISSING',
  ENAMETOOLONG: 'SOURCE_MISSING',
  ELOOP: 'SYMLINK_LOOP',
  // A bad sector more often than a whole disk: one book must not hold up its run for a day.
  EIO: 'SOURCE_UNREADABLE',
};

/** An error of the file system as one of the registry, in words that name the path. */
export function sourceError(path: string, error: unknown): ScriptoriumError {
  if (error instanceof ScriptoriumError) return error;
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = codeOfErrno[errno] ?? diskCodeOf(error) ?? 'SOURCE_UNREADABLE';
  const missing = path.includes('\uFFFD')
    ? "has a name that is not UTF-8, by which it can't be opened: rename it (convmv does so for whole folders)"
    : 'does not exist';
  const said = { SOURCE_MISSING: missing, SYMLINK_LOOP: 'is a link that leads back to itself' };
  const words = code in said ? said[code as keyof typeof said] : `can't be read (${errno || String(error)})`;
  return new ScriptoriumError(code, `${path} ${words}`, { cause: error });
}

function failure(path: string, code: ErrorCode, message: string): Found {
  return { kind: 'failure', path, error: new ScriptoriumError(code, message) };
}
