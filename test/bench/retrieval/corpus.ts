/** The books of the labelled set: real ones, from Debian packages, read by the product's own extractor. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import type { PageText } from '../../../activities/ports/documents.ts';
import { fileOfPackage } from '../../helpers/debian-package.ts';

const expand = promisify(gunzip);

const bookList = z.array(
  z.object({
    id: z.string(),
    title: z.string(),
    /** Debian package, and the file's path in it. */
    package: z.string(),
    file: z.string(),
  }),
);
export type BookSource = z.infer<typeof bookList>[number];

export interface CorpusBook extends BookSource {
  readonly path: string;
  readonly units: readonly PageText[];
}

const MB = 2 ** 20;
const limits = {
  maxFileBytes: 64 * MB,
  maxTextBytes: 16 * MB,
  timeoutMs: 120_000,
  maxMemoryBytes: 1_024 * MB,
};

/** @param cache folder for what is fetched; kept from one run to the next */
export async function readCorpus(cache: string, signal: AbortSignal): Promise<CorpusBook[]> {
  const sources = bookList.parse(JSON.parse(await readFile(new URL('books.json', import.meta.url), 'utf8')));
  await using sandbox = new ProcessSandbox({ processes: 1, limits });
  const books: CorpusBook[] = [];
  for (const source of sources) {
    signal.throwIfAborted();
    const path = await pdfOf(source, cache);
    await using document = await sandbox.open(path, signal);
    books.push({ ...source, path, units: await document.read(0, document.meta.units) });
  }
  return books;
}

/** The file as it is installed, or as its package has it; unpacked. */
async function pdfOf(source: BookSource, cache: string): Promise<string> {
  const path = join(cache, `${source.id}.pdf`);
  if (existsSync(path)) return path;
  await mkdir(cache, { recursive: true });
  const content = await fileOfPackage(source.package, source.file);
  await writeFile(path, source.file.endsWith('.gz') ? await expand(content) : content);
  return path;
}
