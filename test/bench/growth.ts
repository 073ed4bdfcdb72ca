/**
 * What a book costs in a small library and in one nine times as large, with an embedder that takes no time: scanning, workflows,
 * reading, storing. Whether it grows with the number of books.
 */
import { join } from 'node:path';
import { DEFAULT_PARALLEL } from '../../workflows/contract.ts';
import { tempFolder } from '../helpers/temp-folder.ts';
import { benchBundles } from './bundles.ts';
import { generateBooks } from './generated-books.ts';
import { type MeasuredRun, runOurs } from './library-run.ts';
import { memoryFigures } from './memory-samples.ts';
import type { BenchOptions } from './options.ts';
import { alternate, type BenchReport, median } from './report.ts';

const BOOKS = 9_000;
const TIMES = 9;
const PASSAGES = [3, 30] as const;

export async function benchGrowth(options: BenchOptions): Promise<BenchReport> {
  const {
    books: large = BOOKS,
    rounds: wanted = 1,
    parallel = DEFAULT_PARALLEL,
    signal,
    profileFolder,
  } = options;
  const small = Math.max(1, Math.round(large / TIMES));
  await using folder = await tempFolder();
  const bundles = await benchBundles(folder.path);
  const runs = new Map<number, MeasuredRun>();
  /** Milliseconds of a core for each book. */
  const costOf = (books: number) => async () => {
    const shelf = join(folder.path, `books-${books}`);
    await generateBooks({ folder: shelf, books, passages: PASSAGES });
    const run = await runOurs({
      ...{ bundles, signal, profileFolder, examine: false, folder: shelf, books, parallel },
      ...{ embedder: 'fake', waitMs: 0 },
    });
    runs.set(books, run);
    return (Object.values(run.cpu).reduce((sum, seconds) => sum + seconds, 0) * 1_000) / books;
  };
  const names = { small: 'a ninth of the books', large: 'all books' };
  const rounds = await alternate(
    { [names.small]: costOf(small), [names.large]: costOf(large) },
    wanted,
    signal,
  );
  const [few = [], many = []] = [rounds[names.small], rounds[names.large]];
  const kept = median(many.map((figure, round) => (few[round] ?? Number.NaN) / figure));
  return {
    ...{ bench: 'growth', unit: 'CPU ms a book', rounds, ratios: { [names.small]: kept }, ratio: kept },
    medians: { [names.small]: median(few), [names.large]: median(many) },
    settings: { books: large, rounds: wanted, parallel, passages: PASSAGES.join(' to '), embedder: 'fake' },
    figures: Object.fromEntries([...runs].flatMap(([books, run]) => figuresOf(books, run))),
    notMeasured:
      'embedding; a ratio is of the smaller library to the larger: below 1, a book of the larger one costs more',
  };
}

/** Of the last round. */
function figuresOf(books: number, { seconds, cpu, memory }: MeasuredRun): [string, number][] {
  const each = Object.entries(cpu).map(([part, used]): [string, number] => [
    `CPU ms a book of ${part}, ${books} books`,
    (used * 1_000) / books,
  ]);
  const largest = (['worker', 'server'] as const).map((part): [string, number] => [
    `${part} MB, largest, ${books} books`,
    memoryFigures(memory, part).largest,
  ]);
  const rows: [string, number][] = [[`books/s, ${books} books`, books / seconds], ...each, ...largest];
  return rows.map(([name, figure]) => [name, Number(figure.toFixed(1))]);
}
