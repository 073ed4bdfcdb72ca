/** How much faster five books at once are than one: with an embedder that waits for a network, and with one that needs every core. */
import { join } from 'node:path';
import { tempFolder } from '../helpers/temp-folder.ts';
import { writeBundles } from './bundles.ts';
import { generateBooks } from './generated-books.ts';
import { type OurRunOptions, runOurs } from './library-run.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median } from './report.ts';

/** Wait of a batch of the embedder on a network. */
const WAIT_MS = 100;
/** Chunks a batch there: twelve milliseconds a chunk, as an endpoint far away takes. */
const NETWORK_BATCH = 8;
const PASSAGES = [40, 60] as const;
const CPU_BOOKS = 8;

type Kind = 'network' | 'cpu';

export async function benchParallel(options: BenchOptions): Promise<BenchReport> {
  const { books = 40, parallel = 5, rounds: wanted = 1, signal, profileFolder } = options;
  await using folder = await tempFolder();
  const common = { bundles: await writeBundles(folder.path), signal, profileFolder, examine: false };
  const kinds: Record<Kind, Omit<OurRunOptions, 'parallel'>> = {
    network: {
      ...{ ...common, folder: join(folder.path, 'network'), books, embedder: 'fake', waitMs: WAIT_MS },
      workerEnv: { SCRIPTORIUM_EMBED_BATCH: String(NETWORK_BATCH) },
    },
    cpu: { ...common, folder: join(folder.path, 'cpu'), books: CPU_BOOKS, embedder: 'onnx', waitMs: 0 },
  };
  for (const kind of Object.values(kinds))
    await generateBooks({ folder: kind.folder, books: kind.books, passages: PASSAGES });
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
    },
    wanted,
    signal,
  );
  return reportOfKinds(rounds, {
    ...{ parallel, rounds: wanted, books, cpuBooks: CPU_BOOKS, passages: PASSAGES.join(' to ') },
    ...{ waitMs: WAIT_MS, networkBatch: NETWORK_BATCH },
  });
}

function reportOfKinds(
  rounds: Record<string, number[]>,
  settings: Readonly<Record<string, string | number>>,
): BenchReport {
  const medians = Object.fromEntries(
    Object.entries(rounds).map(([name, figures]) => [name, median(figures)]),
  );
  const ratioOf = (kind: Kind): number => {
    const [one = [], many = []] = [rounds[`${kind}, one`], rounds[`${kind}, many`]];
    return median(many.map((figure, round) => figure / (one[round] ?? Number.NaN)));
  };
  const ratios = { network: ratioOf('network'), cpu: ratioOf('cpu') };
  return {
    ...{ bench: 'parallel', unit: 'chunks/s', settings, rounds, medians, ratios, ratio: ratios.network },
    notMeasured: 'a real endpoint, which has limits of its own',
    figures: {
      'many books at once to one, network': ratios.network.toFixed(2),
      'many books at once to one, CPU': ratios.cpu.toFixed(2),
    },
  };
}
