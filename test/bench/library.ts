/** Books a second of the product, with an embedder that takes no time, against the least that such a run costs on Temporal. */
import { join } from 'node:path';
import { DEFAULT_PARALLEL } from '../../workflows/contract.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { benchBundles } from './bundles.ts';
import { ACTIVITIES_PER_BOOK } from './floor-activities.ts';
import { generateBooks } from './generated-books.ts';
import { type MeasuredRun, type OurRun, runFloor, runOurs } from './library-run.ts';
import { type MemorySample, memoryFigures } from './memory-samples.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median, reportOf } from './report.ts';

const PASSAGES = [3, 30] as const;

export async function benchLibrary(options: BenchOptions): Promise<BenchReport> {
  const { books = 9_000, parallel = DEFAULT_PARALLEL, rounds: wanted = 1, signal, profileFolder } = options;
  await using folder = await tempFolder();
  const library = join(folder.path, 'books');
  const bytes = await generateBooks({ folder: library, books, passages: PASSAGES });
  const bundles = await benchBundles(folder.path);
  const floors: MeasuredRun[] = [];
  const ours: OurRun[] = [];
  const rounds = await alternate(
    {
      bare: async () => {
        const run = await runFloor({ books, parallel, bundles, signal, profileFolder });
        floors.push(run);
        return books / run.seconds;
      },
      scriptorium: async () => {
        const examine = ours.length === 0;
        const run = await runOurs({
          ...{ folder: library, books, parallel, bundles, signal, profileFolder, examine },
          ...{ embedder: 'fake', waitMs: 0 },
        });
        ours.push(run);
        return books / run.seconds;
      },
    },
    wanted,
    signal,
  );
  return {
    ...reportOf(
      {
        ...{ bench: 'library', unit: 'books/s' },
        settings: {
          ...{ books, parallel, rounds: wanted, megabytes: Math.round(bytes / 1e6) },
          ...{ passages: PASSAGES.join(' to '), embedder: 'fake', activities: ACTIVITIES_PER_BOOK },
        },
        notMeasured: 'embedding; books of more than 30 passages, PDF, EPUB and DOCX',
      },
      rounds,
    ),
    figures: figuresOf(ours, floors),
    series: { 'seconds, worker MB, sandbox MB, server MB': seriesOf(ours[0]?.memory ?? []) },
  };
}

function figuresOf(ours: readonly OurRun[], floors: readonly MeasuredRun[]): Record<string, number | string> {
  const [our] = ours;
  const [floor] = floors;
  if (!our?.examined || !floor) throw new Error('nothing was measured');
  const { histories, ...rerun } = our.examined;
  const worker = memoryFigures(our.memory, 'worker');
  const wallTimes = ours.map((run, round) => run.seconds / (floors[round]?.seconds ?? Number.NaN));
  return rounded({
    'seconds, ours': median(ours.map(({ seconds }) => seconds)),
    'seconds, bare': median(floors.map(({ seconds }) => seconds)),
    'wall time, ours to bare': median(wallTimes),
    chunks: our.result.chunks,
    ...cpuFigures('ours', our),
    ...cpuFigures('bare', floor),
    ...memoryOf('ours', our),
    ...memoryOf('bare', floor),
    'worker MB, last third to first': worker.lastThird / worker.firstThird,
    'largest history, events': histories.largestEvents,
    'largest history, type': histories.largestType,
    'largest payload, bytes': histories.largestPayloadBytes,
    'histories inspected': histories.inspected,
    're-run, seconds': rerun.rerunSeconds,
    're-run, unchanged books': rerun.rerunUnchanged,
    're-run, children started': rerun.rerunChildren,
  });
}

function cpuFigures(name: string, { cpu }: MeasuredRun): Record<string, number> {
  return Object.fromEntries(
    Object.entries(cpu).map(([part, seconds]) => [`CPU s of ${part}, ${name}`, seconds]),
  );
}

function memoryOf(name: string, { memory }: MeasuredRun): Record<string, number> {
  const figures = (['worker', 'sandbox', 'server'] as const).flatMap((part) => {
    const { firstThird, lastThird, largest } = memoryFigures(memory, part);
    return [
      [`${part} MB, ${name}, first third`, firstThird],
      [`${part} MB, ${name}, last third`, lastThird],
      [`${part} MB, ${name}, largest`, largest],
    ] as const;
  });
  return Object.fromEntries(figures);
}

function rounded(figures: Record<string, number | string>): Record<string, number | string> {
  const round = (figure: number): number => Number(figure.toFixed(figure < 100 ? 2 : 0));
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, typeof value === 'number' ? round(value) : value]),
  );
}

/** Rows that a plot or a reader can take in. */
const MAX_ROWS = 120;

function seriesOf(samples: readonly MemorySample[]): number[][] {
  const every = Math.max(1, Math.ceil(samples.length / MAX_ROWS));
  return samples
    .filter((_, index) => index % every === 0)
    .map(({ atMs, ...sizes }) => [
      Math.round(atMs / 1_000),
      ...[sizes.worker, sizes.sandbox, sizes.server].map((bytes) => Math.round(bytes / 2 ** 20)),
    ]);
}
