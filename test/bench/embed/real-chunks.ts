/** Chunks of real books: the labelled set's twenty manuals, and as many PDFs of a TeX collection as are needed. */
import { join } from 'node:path';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import type { PageText } from '../../../activities/ports/documents.ts';
import { pdfsOfPackage } from '../../helpers/debian-package.ts';
import { readCorpus } from '../retrieval/corpus.ts';

const PACKAGE = 'texlive-science-doc';
const CHUNKING = { maxTokens: 256, overlapTokens: 32 };
const MB = 2 ** 20;
const limits = {
  maxFileBytes: 64 * MB,
  maxTextBytes: 64 * MB,
  timeoutMs: 120_000,
  maxMemoryBytes: 1_024 * MB,
};

/** As the product cuts them; the same ones every time. @param cache the user's cache folder */
export async function realChunks(
  count: number,
  cache: string,
  tokenizerPath: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await using sandbox = new ProcessSandbox({ processes: 1, limits });
  const texts: string[] = [];
  const cut = async (units: readonly PageText[]): Promise<void> => {
    for await (const batch of sandbox.chunk(each(units), CHUNKING, tokenizerPath, { signal }))
      texts.push(...batch.map(({ text }) => text));
  };
  for (const { units } of await readCorpus(join(cache, 'bench-retrieval'), signal)) await cut(units);
  for (const path of await pdfsOfPackage(PACKAGE, join(cache, 'bench-extract'))) {
    if (texts.length >= count) break;
    const units = await unitsOf(sandbox, path, signal);
    if (units) await cut(units);
  }
  // Spread over all books, so that a small count has a bit of each.
  return Array.from({ length: Math.min(count, texts.length) }, (_, at) => {
    return texts[Math.floor((at * texts.length) / Math.min(count, texts.length))] ?? '';
  });
}

/** Null for a file that is not read: some hold no text. */
async function unitsOf(
  sandbox: ProcessSandbox,
  path: string,
  signal: AbortSignal,
): Promise<readonly PageText[] | null> {
  try {
    await using document = await sandbox.open(path, signal);
    return await document.read(0, document.meta.units);
  } catch (error) {
    signal.throwIfAborted();
    process.stderr.write(`${path} is left out: ${String(error)}\n`);
    return null;
  }
}

async function* each(units: readonly PageText[]): AsyncGenerator<PageText> {
  yield* units;
}
