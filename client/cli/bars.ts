/** Rows with bars at a terminal, drawn over again in their place. */
import { styleText } from 'node:util';
import { MultiBar, type Options, type Params, Presets, type SingleBar } from 'cli-progress';
import { percent, type Row } from './run-rows.ts';

const RUN_BAR = 24;
const BOOK_BAR = 12;

export class Bars {
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      format: drawn,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      // A line that is logged moves all the others, which the library would not draw again when they are the same.
      forceRedraw: true,
    },
    Presets.rect,
  );
  /** One a line, used again: the library puts new ones at the end and leaves traces of those that it removes. */
  readonly #lines: SingleBar[] = [];

  show(rows: readonly Row[]): void {
    while (this.#lines.length < rows.length) this.#lines.push(this.#multi.create(1, 0, {}));
    for (const [index, line] of this.#lines.entries())
      line.update(rows[index]?.done ?? 0, { row: rows[index] ?? null });
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
}

/** What is left of a terminal's line behind bar, share and the spaces between them. */
const RUN_PREFIX = 1 + RUN_BAR + 1 + 5 + 2;
const BOOK_PREFIX = 3 + BOOK_BAR + 1 + 5 + 2;

function drawn(_options: Options, _params: Params, { row }: { row?: Row | null }): string {
  if (!row) return '';
  const share = percent(row.done).padStart(5);
  if (row.kind === 'more') return styleText('dim', ' '.repeat(BOOK_PREFIX) + clip(row.label, BOOK_PREFIX));
  if (row.kind === 'book')
    return `   ${styleText('cyan', barOf(row.done, BOOK_BAR))} ${share}  ${clip(row.label, BOOK_PREFIX)}`;
  const label = clip(row.label, RUN_PREFIX);
  return ` ${styleText('green', barOf(row.done, RUN_BAR))} ${styleText('bold', share)}  ${label}`;
}

function barOf(done: number, size: number): string {
  const full = Math.min(size, Math.max(0, Math.floor(done * size)));
  return '█'.repeat(full) + '░'.repeat(size - full);
}

function clip(label: string, prefix: number): string {
  const room = Math.max(10, (process.stderr.columns || 80) - prefix);
  return label.length <= room ? label : `${label.slice(0, room - 1)}…`;
}
