/** Progress of a run on standard error: bars at a terminal, lines elsewhere. */
import { styleText } from 'node:util';
import type { IngestProgress } from '../ingest-handle.ts';
import { Bars } from './bars.ts';
import { say } from './output.ts';
import { NewFailures, rowsOf, runLine } from './run-rows.ts';

export interface ProgressView {
  update(progress: IngestProgress): void;
  /** A line that stays. */
  note(line: string): void;
  stop(): void;
}

export function createProgressView(): ProgressView {
  return process.stderr.isTTY ? new ProgressBars() : new ProgressLines();
}

/** A line at most this often, and only when something changed. */
const LINE_EVERY_MS = 5_000;

class ProgressLines implements ProgressView {
  readonly #failures = new NewFailures();
  #toldAtMs = 0;
  #told = '';

  update(progress: IngestProgress): void {
    for (const failure of this.#failures.of(progress.failures)) say(failure);
    const line = runLine(progress);
    if (line === this.#told || Date.now() - this.#toldAtMs < LINE_EVERY_MS) return;
    this.#toldAtMs = Date.now();
    this.#told = line;
    say(line);
  }

  note(line: string): void {
    say(line);
  }

  stop(): void {}
}

class ProgressBars implements ProgressView {
  readonly #failures = new NewFailures();
  readonly #bars = new Bars();

  update(progress: IngestProgress): void {
    this.#bars.show(rowsOf(progress));
    for (const failure of this.#failures.of(progress.failures)) this.#bars.log(styleText('red', failure));
  }

  note(line: string): void {
    this.#bars.log(styleText('yellow', line));
  }

  stop(): void {
    this.#bars.stop();
  }
}
