/**
 * One, two and four worker processes on one Temporal cluster with one store and one artifact folder, each with an embedder
 * of its own that serves two books at once and waits for a network: how much of what each adds arrives.
 */
import { join } from 'node:path';
import { DEFAULT_PARALLEL } from '../../workflows/contract.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { benchBundles } from './bundles.ts';
import { generateBooks } from './generated-books.ts';
import { runOurs } from './library-run.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median } from './report.ts';

const WORKERS = [1, 2, 4] as const;
const WAIT_MS = 100;
/** With two books at once forty passages a second: what the model gives on some four cores. */
const BATCH = 2;
/** The middle of a library of 9,000 books with 1.35 million passages. */
const PASSAGES = [120, 180] as const;
/** So that the last books, when fewer are left than workers, are a small part. */
const BOOKS_PER_WORKER = 40;
/** As one worker has it by default. */
const WINDOW_PER_WORKER = DEFAULT_PARALLEL;

export async function benchScale(options: BenchOptions): Promise<BenchReport> {
  const { books: perWorker = BOOKS_PER_WORKER, rounds: wanted = 1, signal, profileFolder } = options;
  await using folder = await tempFolder();
  const bundles = await benchBundles(folder.path);
  const cores = new Map<number, number>();
  const rateOf = (workers: number) => async () => {
    const shelf = join(folder.path, `books-${workers}`);
    const books = workers * perWorker;
    await generateBooks({ folder: shelf, books, passages: PASSAGES });
    const { seconds, result, cpu } = await runOurs({
      ...{ bundles, signal, profileFolder, examine: false, folder: shelf, books, workers },
      ...{ embedder: 'fake', waitMs: WAIT_MS, booksAtOnce: 2, parallel: WINDOW_PER_WORKER * workers },
      workerEnv: { SCRIPTORIUM_EMBED_BATCH: String(BATCH) },
    });
    cores.set(workers, (cpu.worker + cpu.sandbox + cpu.server) / seconds);
    return result.chunks / seconds;
  };
  const contenders = Object.fromEntries(WORKERS.map((workers) => [nameOf(workers), rateOf(workers)]));
  const rounds = await alternate(contenders, wanted, signal);
  const medians = Object.fromEntries(
    Object.entries(rounds).map(([name, figures]) => [name, median(figures)]),
  );
  const linear = (workers: number): number => {
    const alone = rounds[nameOf(1)] ?? [];
    const many = rounds[nameOf(workers)] ?? [];
    return median(many.map((figure, round) => figure / (workers * (alone[round] ?? Number.NaN))));
  };
  const ratios = Object.fromEntries(WORKERS.slice(1).map((workers) => [nameOf(workers), linear(workers)]));
  return {
    ...{ bench: 'scale', unit: 'chunks/s', rounds, medians, ratios, ratio: linear(4) },
    settings: {
      ...{ 'books a worker': perWorker, rounds: wanted, waitMs: WAIT_MS, batch: BATCH },
      ...{ passages: PASSAGES.join(' to '), 'window a worker': WINDOW_PER_WORKER },
    },
    figures: Object.fromEntries(
      [...cores].map(([workers, busy]) => [`cores busy, ${nameOf(workers)}`, Number(busy.toFixed(2))]),
    ),
    notMeasured:
      'a network between the workers; the ratios are to as many times one worker, on one machine for all of them',
  };
}

function nameOf(workers: number): string {
  return workers === 1 ? 'one worker' : `${workers} workers`;
}
