import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import type { BookFormat } from '../activities/ports/documents.ts';
import type { Book } from './book.ts';
import { renderDocx } from './formats/docx.ts';
import { renderEpub } from './formats/epub.ts';
import { renderHtml } from './formats/html.ts';
import { renderMarkdown } from './formats/markdown.ts';
import { renderPdf } from './formats/pdf.ts';
import { renderText } from './formats/text.ts';
import { readBook } from './source.ts';

/** Where the sources lie, and where `node samples/build.ts` puts the books. */
export const sourcesFolder = fileURLToPath(new URL('sources/', import.meta.url));
export const booksFolder = fileURLToPath(new URL('books/', import.meta.url));

/** One sample book as a file. */
export interface BuiltBook {
  /** Name of the file in the folder. */
  readonly file: string;
  readonly path: string;
  readonly format: BookFormat;
  readonly title: string;
  readonly author: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** False when the very same file was there already; then it was not touched. */
  readonly written: boolean;
}

/**
 * Writes the sample books into `folder`, which is made where it is missing. The same sources give the same bytes, and
 * a file that has them already keeps its modification time, so that ingesting it again finds it unchanged.
 * @throws Error that names the source that is not valid, or the file that cannot be written
 */
export async function buildSamples(folder: string = booksFolder): Promise<readonly BuiltBook[]> {
  await mkdir(folder, { recursive: true });
  const sources = (await readdir(sourcesFolder)).filter((name) => name.endsWith('.md')).sort();
  const built: BuiltBook[] = [];
  for (const source of sources)
    built.push(await buildBook(await readBook(join(sourcesFolder, source)), folder));
  return built;
}

interface Format {
  readonly ending: string;
  readonly render: (book: Book) => Promise<Buffer>;
}

const formats = {
  pdf: { ending: 'pdf', render: renderPdf },
  epub: { ending: 'epub', render: renderEpub },
  docx: { ending: 'docx', render: renderDocx },
  html: { ending: 'html', render: renderHtml },
  markdown: { ending: 'md', render: renderMarkdown },
  text: { ending: 'txt', render: renderText },
} as const satisfies Record<BookFormat, Format>;

async function buildBook(book: Book, folder: string): Promise<BuiltBook> {
  const { ending, render } = formats[book.format];
  const file = `${book.slug}.${ending}`;
  const path = join(folder, file);
  const bytes = await render(book);
  const written = !(await holds(path, bytes));
  if (written) await replaceFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, path, format: book.format, title: book.title, author: book.author, sha256, written };
}

async function holds(path: string, bytes: Buffer): Promise<boolean> {
  try {
    return (await readFile(path)).equals(bytes);
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Written beside and renamed: whoever scans the folder meanwhile sees the old book or the new one, never a part. */
async function replaceFile(path: string, bytes: Buffer): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(beside, bytes);
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

if (import.meta.main) {
  const lines = (await buildSamples()).map(
    ({ path, written }) => `${written ? 'written  ' : 'unchanged'} ${path}\n`,
  );
  process.stdout.write(lines.join(''));
}
