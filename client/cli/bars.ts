/** Rows with bars at a terminal, drawn over again in their place. */
import { styleText } from 'node:util';
import { MultiBar, type Options, type Params, Presets, type SingleBar } from 'cli-progress';
import { percent, type Row } from './run-rows.ts';

const BAR_SIZE = 24;
const BOOK_BAR_SIZE = 12;

export class Bars {
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      format: drawn,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
    },
    Presets.rect,
  );
  #bars = new Map<string, SingleBar>();

  show(rows: readonly Row[]): void {
    const order = [...this.#bars.keys()].join('\n');
    if (order !== rows.map((row) => row.key).join('\n')) this.#arrange(rows);
    for (const row of rows) this.#bars.get(row.key)?.update(row.done, { row });
    this.#multi.update();
  }

  /** A line above the bars, which stays. */
  log(line: string): void {
    this.#multi.log(`${line}\n`);
    this.#multi.update();
  }

  stop(): void {
    this.#multi.stop();
  }

  /** The library adds bars at the end only; a new order is a new set. */
  #arrange(rows: readonly Row[]): void {
    for (const bar of this.#bars.values()) this.#multi.remove(bar);
    this.#bars = new Map(rows.map((row) => [row.key, this.#multi.create(1, row.done, { row })]));
  }
}

function drawn(_options: Options, { progress }: Params, { row }: { row: Row }): string {
  if (row.kind === 'more') return styleText('dim', `   ${' '.repeat(BOOK_BAR_SIZE)}        ${row.label}`);
  const share = percent(row.done).padStart(5);
  if (row.kind === 'book')
    return `   ${styleText('cyan', barOf(progress, BOOK_BAR_SIZE))} ${share}  ${row.label}`;
  return ` ${styleText('green', barOf(progress, BAR_SIZE))} ${styleText('bold', share)}  ${row.label}`;
}

function barOf(done: number, size: number): string {
  const full = Math.min(size, Math.max(0, Math.floor(done * size)));
  return '█'.repeat(full) + '░'.repeat(size - full);
}
