/** What each source file imports, read from its text. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** From the root of the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly SourceImport[];
}

export interface SourceImport {
  /** A path from the root of the checkout, or the name of a package with its subpath. */
  readonly target: string;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** True when it is loaded only when that line is reached. */
  readonly lazy: boolean;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The TypeScript files in folders of the checkout, in the order of their paths. */
export async function sourcesIn(folders: readonly string[]): Promise<SourceFile[]> {
  const patterns = folders.map((folder) => join(ROOT, folder, '**', '*.{ts,tsx}'));
  const paths = await Array.fromAsync(glob(patterns));
  return await Promise.all(paths.sort().map(readSource));
}

async function readSource(path: string): Promise<SourceFile> {
  const text = await readFile(path, 'utf8');
  return { path: fromRoot(path), text, imports: importsIn(text).map((found) => resolved(found, path)) };
}

const PATTERNS = [
  /^import\b\s*(?<type>type\b(?!\s*,))?\s*(?:[\w\s{},*$]+?\bfrom\s*)?'(?<target>[^']+)'/gm,
  /^export\s+(?<type>type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*'(?<target>[^']+)'/gm,
  /(?<type>typeof\s+)?\b(?<lazy>import)\(\s*'(?<target>[^']+)'\s*\)/g,
];

/** Imports and re-exports of a module. */
export function importsIn(text: string): SourceImport[] {
  const code = withoutComments(text);
  return PATTERNS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map(({ groups }) => ({
      target: groups?.target ?? '',
      typeOnly: groups?.type !== undefined,
      lazy: groups?.lazy !== undefined,
    })),
  );
}

/** Good enough for code of this project: comments stand on lines of their own, or behind a space. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function resolved(found: SourceImport, importer: string): SourceImport {
  if (!found.target.startsWith('.')) return found;
  return { ...found, target: fromRoot(normalize(join(dirname(importer), found.target))) };
}

function fromRoot(path: string): string {
  return relative(ROOT, path).split(sep).join('/');
}
