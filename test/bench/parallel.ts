/** How much faster five books at once are than one: with an embedder that waits for a network, and with one that needs every core. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { PdfiumDocument } from '../../activities/adapters/documents/pdf/pdfium-document.ts';
import { homeOf } from '../../client/home.ts';
import { findAsset } from '../../workers/assets/find-asset.ts';
import { tokenizerAsset } from '../../workers/assets/manifest.ts';
import { fastestOf, measureVariants } from '../../workers/model/measure.ts';
import { layoutFolderOf } from '../../workers/model/model-choice.ts';
import { findVariant, variantOf, variants } from '../../workers/model/variants.ts';
import { copyPdfs, pdfsOfPackage } from '../helpers/debian-package.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { benchBundles } from './bundles.ts';
import { generateBooks } from './generated-books.ts';
import { type OurRunOptions, runOurs } from './library-run.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median } from './report.ts';

/** Wait of a batch of the embedder on a network. */
const WAIT_MS = 100;
/** Chunks a batch there: twelve milliseconds a chunk, as an endpoint far away takes. */
const NETWORK_BATCH = 8;
/** The middle of a library of 9,000 books with 1.35 million passages. */
const PASSAGES = [120, 180] as const;
const CPU_PASSAGES = [40, 60] as const;
const CPU_BOOKS = 8;

/** PDFs as they come, and the file of the model that a new home on this machine takes where all are at hand. */
const REAL_BOOKS = 24;
const REAL_PACKAGE = 'texlive-science-doc';
/** Of a few pages each, as letters and articles are: there, one book leaves the cores idle between its stages. */
const SHORT_BOOKS = 60;
/** Of the smallest files of the package a third are drawings, without a word. */
const SHORT_FROM = 60;

/** Read here and embedded elsewhere (a GPU, an endpoint): the cores are had by the reading, of which a book takes one. */
const READ_BOOKS = 98;
/** Of the first hundred of the package two are drawings, without a word. */
const WORDLESS = ['128-example.pdf', '164-lhcb-detector-cross-section.pdf'];

/** The same with books of a usual length: less is done for a page than for a letter or an article, and none has a third of all pages. */
const LONG_PAGES = { from: 50, to: 300 };
const LONG_PACKAGES = ['texlive-latex-recommended-doc', REAL_PACKAGE];
/** All that those packages have. */
const LONG_BOOKS = 49;

type Kind = 'network' | 'cpu' | 'one thread' | 'real' | 'short' | 'read' | 'long';

export async function benchParallel(options: BenchOptions): Promise<BenchReport> {
  const { books = 40, parallel = 5, rounds: wanted = 1, signal, profileFolder } = options;
  await using folder = await tempFolder();
  const common = { bundles: await benchBundles(folder.path), signal, profileFolder, examine: false };
  const model = await fastestModel();
  const kinds: Record<Kind, Omit<OurRunOptions, 'parallel'>> = {
    network: {
      ...{ ...common, folder: join(folder.path, 'network'), books, embedder: 'fake', waitMs: WAIT_MS },
      workerEnv: { SCRIPTORIUM_EMBED_BATCH: String(NETWORK_BATCH) },
    },
    cpu: { ...common, folder: join(folder.path, 'cpu'), books: CPU_BOOKS, embedder: 'onnx', waitMs: 0 },
    // One book alone has a thread on every core already: its batch is divided among them.
    'one thread': {
      ...{ ...common, folder: join(folder.path, 'cpu'), books: CPU_BOOKS, embedder: 'onnx', waitMs: 0 },
      workerEnv: { SCRIPTORIUM_EMBED_THREADS: '1' },
    },
    real: {
      ...{ ...common, folder: join(folder.path, 'real'), books: REAL_BOOKS, embedder: 'onnx', waitMs: 0 },
      workerEnv: { SCRIPTORIUM_MODEL: model.path },
    },
    short: {
      ...{ ...common, folder: join(folder.path, 'short'), books: SHORT_BOOKS, embedder: 'onnx', waitMs: 0 },
      workerEnv: { SCRIPTORIUM_MODEL: model.path },
    },
    read: { ...common, folder: join(folder.path, 'read'), books: READ_BOOKS, embedder: 'fake', waitMs: 0 },
    long: { ...common, folder: join(folder.path, 'long'), books: LONG_BOOKS, embedder: 'fake', waitMs: 0 },
  };
  const { network, cpu, real, short, read, long } = kinds;
  await generateBooks({ folder: network.folder, books: network.books, passages: PASSAGES });
  await generateBooks({ folder: cpu.folder, books: cpu.books, passages: CPU_PASSAGES });
  await mkdir(real.folder);
  await copyPdfs(REAL_PACKAGE, REAL_BOOKS, real.folder);
  await mkdir(short.folder);
  await copyPdfs(REAL_PACKAGE, SHORT_BOOKS, short.folder, SHORT_FROM);
  await mkdir(read.folder);
  await copyPdfs(REAL_PACKAGE, READ_BOOKS + WORDLESS.length, read.folder);
  for (const name of WORDLESS) await rm(join(read.folder, name));
  await mkdir(long.folder);
  await copyLongPdfs(long.folder);
  const rateOf = (kind: Kind, atOnce: number) => async () => {
    const { seconds, result } = await runOurs({ ...kinds[kind], parallel: atOnce });
    return result.chunks / seconds;
  };
  const rounds = await alternate(
    {
      'network, one': rateOf('network', 1),
      'network, many': rateOf('network', parallel),
      'cpu, one': rateOf('cpu', 1),
      'cpu, many': rateOf('cpu', parallel),
      'cpu, one on one thread': rateOf('one thread', 1),
      'real, one': rateOf('real', 1),
      'real, many': rateOf('real', parallel),
      'short, one': rateOf('short', 1),
      'short, many': rateOf('short', parallel),
      'read, one': rateOf('read', 1),
      'read, many': rateOf('read', parallel),
      'long, one': rateOf('long', 1),
      'long, many': rateOf('long', parallel),
    },
    wanted,
    signal,
  );
  return reportOfKinds(rounds, {
    ...{ parallel, rounds: wanted, books, cpuBooks: CPU_BOOKS, passages: PASSAGES.join(' to ') },
    cpuPassages: CPU_PASSAGES.join(' to '),
    ...{
      waitMs: WAIT_MS,
      networkBatch: NETWORK_BATCH,
      realBooks: REAL_BOOKS,
      shortBooks: SHORT_BOOKS,
      readBooks: READ_BOOKS,
      longBooks: LONG_BOOKS,
      longPages: `${LONG_PAGES.from} to ${LONG_PAGES.to}`,
      realModel: model.name,
    },
  });
}

function reportOfKinds(
  rounds: Record<string, number[]>,
  settings: Readonly<Record<string, string | number>>,
): BenchReport {
  const medians = Object.fromEntries(
    Object.entries(rounds).map(([name, figures]) => [name, median(figures)]),
  );
  const ratioOf = (kind: Exclude<Kind, 'one thread'>, alone = `${kind}, one`): number => {
    const [one = [], many = []] = [rounds[alone], rounds[`${kind}, many`]];
    return median(many.map((figure, round) => figure / (one[round] ?? Number.NaN)));
  };
  const ratios = {
    ...{ network: ratioOf('network'), cpu: ratioOf('cpu') },
    ...{ real: ratioOf('real'), short: ratioOf('short'), read: ratioOf('read'), long: ratioOf('long') },
  };
  return {
    ...{ bench: 'parallel', unit: 'chunks/s', settings, rounds, medians, ratios, ratio: ratios.network },
    notMeasured: 'a real endpoint, which has limits of its own',
    figures: {
      'many books at once to one, network': ratios.network.toFixed(2),
      'many books at once to one, CPU': ratios.cpu.toFixed(2),
      'many books at once to one, real PDFs': ratios.real.toFixed(2),
      'many books at once to one, real PDFs of a few pages': ratios.short.toFixed(2),
      'many books at once to one, real PDFs whose vectors come from elsewhere at once':
        ratios.read.toFixed(2),
      [`the same of ${LONG_PAGES.from} to ${LONG_PAGES.to} pages`]: ratios.long.toFixed(2),
      'many books at once to one on one thread, CPU': ratioOf('cpu', 'cpu, one on one thread').toFixed(2),
    },
  };
}

/** @throws Error when the packages have others by now: a run of more or fewer books can't be compared */
async function copyLongPdfs(target: string): Promise<void> {
  const cache = join(homeOf().cache, 'bench-extract');
  let copied = 0;
  for (const name of LONG_PACKAGES)
    for (const file of await pdfsOfPackage(name, cache)) {
      using pdf = await PdfiumDocument.open(file);
      if (pdf.pageCount < LONG_PAGES.from || pdf.pageCount > LONG_PAGES.to) continue;
      await copyFile(file, join(target, basename(file)));
      copied += 1;
    }
  if (copied !== LONG_BOOKS)
    throw new Error(
      `${copied} PDFs have ${LONG_PAGES.from} to ${LONG_PAGES.to} pages, and not ${LONG_BOOKS}`,
    );
}

/** As a new home chooses it. */
async function fastestModel(): Promise<{ readonly name: string; readonly path: string }> {
  const finding = { cacheFolder: homeOf().cache, env: {} };
  const forCpu = variants.filter(({ hardware }) => hardware === 'cpu');
  const atHand = await Promise.all(
    forCpu.map(async (variant) => ({ variant, path: await findVariant(variant, finding) })),
  );
  const measured = await measureVariants(atHand, await findAsset(tokenizerAsset, finding), {
    ...{ threads: availableParallelism(), layoutFolder: await layoutFolderOf(homeOf()) },
  });
  const { variant } = fastestOf(measured);
  return { name: variant, path: await findVariant(variantOf(variant), finding) };
}
