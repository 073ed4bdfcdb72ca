/**
 * Reading PDFs: the product's sandbox on one process, with cleaning, pages and sections, beside poppler's `pdftotext`; in
 * pages for each second of a core, all processes counted. And how alike the texts are.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { PdfiumDocument } from '../../activities/adapters/documents/pdf/pdfium-document.ts';
import { ProcessSandbox } from '../../activities/adapters/documents/process-sandbox.ts';
import { homeOf } from '../../client/home.ts';
import { fileOfPackage, pdfsOfPackage } from '../helpers/debian-package.ts';
import { cpuSeconds, descendantsOf, processMemory } from '../helpers/stack-processes.ts';
import { wordsAlike } from '../helpers/words-alike.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const run = promisify(execFile);

const PACKAGE = 'texlive-science-doc';
const LARGEST = { package: 'r-doc-pdf', file: 'usr/share/R/doc/manual/refman.pdf' };
const ROUNDS = 5;
/** As the product reads them (activities/extract.ts). */
const PAGES_PER_RANGE = 64;
const MB = 2 ** 20;
const limits = {
  maxFileBytes: 64 * MB,
  maxTextBytes: 64 * MB,
  timeoutMs: 120_000,
  maxMemoryBytes: 1_024 * MB,
};
const SAMPLE_MS = 20;

export async function benchExtract({ rounds: wanted = ROUNDS, signal }: BenchOptions): Promise<BenchReport> {
  const cache = join(homeOf().cache, 'bench-extract');
  const files = await pdfsOfPackage(PACKAGE, cache);
  const texts = await readAll(files, signal);
  const readable = files.filter((file) => texts.has(file));
  const pages = [...texts.values()].reduce((sum, read) => sum + read.length, 0);
  const elapsed: Record<string, number[]> = { scriptorium: [], pdftotext: [] };
  const perCoreSecond = (name: string, work: () => Promise<unknown>) => async () => {
    const [cpu, started] = [await allCpu(), performance.now()];
    await work();
    elapsed[name]?.push((performance.now() - started) / 1_000);
    return pages / ((await allCpu()) - cpu);
  };
  const rounds = await alternate(
    {
      scriptorium: perCoreSecond('scriptorium', () => readAll(readable, signal)),
      pdftotext: perCoreSecond('pdftotext', async () => {
        for (const file of readable) await pdftotext(file, signal);
      }),
    },
    wanted,
    signal,
  );
  const memory = await memoryOfLargest(readable, cache, signal);
  return {
    ...reportOf(
      {
        ...{ bench: 'extract', unit: 'pages a second of a core' },
        settings: { package: PACKAGE, files: readable.length, pages, rounds: wanted, processes: 1 },
        notMeasured: 'writing what was read; EPUB, HTML, DOCX and other formats; scanned pages',
      },
      rounds,
    ),
    figures: {
      'files that are refused': files.length - readable.length,
      'elapsed s, scriptorium': median(elapsed.scriptorium ?? []),
      'elapsed s, pdftotext': median(elapsed.pdftotext ?? []),
      ...(await likeness(readable, texts, signal)),
      ...memory,
    },
  };
}

/** Of this process and all below it, ended ones too. */
async function allCpu(): Promise<number> {
  const { own, below } = await cpuSeconds(process.pid);
  return own + below;
}

/** Page by page; what cannot be read is left out. */
async function readAll(files: readonly string[], signal: AbortSignal): Promise<Map<string, string[]>> {
  await using sandbox = new ProcessSandbox({ processes: 1, limits });
  const read = new Map<string, string[]>();
  for (const file of files) {
    const pages = await pagesOf(sandbox, file, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      process.stderr.write(`${basename(file)}: ${error instanceof Error ? error.message : String(error)}\n`);
    });
    if (pages) read.set(file, pages);
  }
  return read;
}

async function pagesOf(sandbox: ProcessSandbox, file: string, signal: AbortSignal): Promise<string[]> {
  await using document = await sandbox.open(file, signal);
  const { units } = document.meta;
  const texts: string[] = [];
  for (let from = 0; from < units; from += PAGES_PER_RANGE)
    for (const { text } of await document.read(from, Math.min(units, from + PAGES_PER_RANGE)))
      texts.push(text);
  return texts;
}

async function pdftotext(file: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await run('pdftotext', ['-enc', 'UTF-8', file, '-'], { maxBuffer: 64 * MB, signal });
  return stdout;
}

/** Median of the files: the words of ours, and of the bare engine's text, that pdftotext gives too. */
async function likeness(
  files: readonly string[],
  texts: ReadonlyMap<string, readonly string[]>,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (const file of files) {
    const theirs = await pdftotext(file, signal);
    ours.push(wordsAlike((texts.get(file) ?? []).join('\n'), theirs));
    bare.push(wordsAlike(await bareText(file), theirs));
  }
  return {
    'alike to pdftotext, scriptorium': median(ours),
    'alike to pdftotext, bare PDFium': median(bare),
  };
}

async function bareText(file: string): Promise<string> {
  using document = await PdfiumDocument.open(file);
  const pages = Array.from({ length: document.pageCount }, (_, index) => document.page(index)?.text ?? '');
  return pages.join('\n');
}

/** What the sandbox's process takes for R's reference manual, above what it takes for the smallest PDF. */
async function memoryOfLargest(
  readable: readonly string[],
  cache: string,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const file = await largestPdf(cache);
  await using sandbox = new ProcessSandbox({ processes: 1, limits });
  const largestOf = async (path: string): Promise<number> => {
    let largest = 0;
    const sample = async () => {
      for (const pid of await descendantsOf(process.pid))
        largest = Math.max(largest, await processMemory(pid));
    };
    const timer = setInterval(sample, SAMPLE_MS);
    await pagesOf(sandbox, path, signal).finally(() => clearInterval(timer));
    return largest / MB;
  };
  const small = await smallestOf(readable);
  const idle = await largestOf(small);
  const largest = await largestOf(file);
  return { 'memory for a small PDF, MB': idle, [`more for ${basename(file)}, MB`]: largest - idle };
}

async function smallestOf(files: readonly string[]): Promise<string> {
  const sizes = await Promise.all(files.map(async (file) => ({ file, size: (await stat(file)).size })));
  sizes.sort((a, b) => a.size - b.size);
  return sizes[0]?.file ?? '';
}

async function largestPdf(cache: string): Promise<string> {
  const path = join(cache, basename(LARGEST.file));
  if (!existsSync(path)) {
    await mkdir(cache, { recursive: true });
    await writeFile(path, await fileOfPackage(LARGEST.package, LARGEST.file));
  }
  return path;
}
