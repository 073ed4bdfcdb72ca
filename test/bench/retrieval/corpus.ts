/** The books of the labelled set: real ones, from Debian packages, read by the product's own extractor. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import type { PageText } from '../../../activities/ports/documents.ts';

const run = promisify(execFile);
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
  const content = await contentOf(source);
  await writeFile(path, source.file.endsWith('.gz') ? await expand(content) : content);
  return path;
}

async function contentOf(source: BookSource): Promise<Buffer> {
  const installed = join('/', source.file);
  if (existsSync(installed)) return await readFile(installed);
  const folder = await mkdtemp(join(tmpdir(), 'scriptorium-deb-'));
  try {
    process.stderr.write(`fetching ${basename(source.file)} from package ${source.package}\n`);
    await run('apt-get', ['download', '--quiet', source.package], { cwd: folder });
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['--extract', archive, 'files'], { cwd: folder });
    return await readFile(join(folder, 'files', source.file));
  } catch (error) {
    throw new Error(
      `${basename(dirname(installed))}/${basename(installed)} is not here and could not be fetched. ` +
        `Install Debian's package ${source.package}, or put the file at ${installed}.`,
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
