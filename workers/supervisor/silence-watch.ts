/** Looks again and again whether a process still answers. One whose main thread hangs ends by itself never. */

export interface SilenceWatchOptions {
  /** Between two looks, and the longest wait for an answer. */
  readonly everyMs: number;
  /** Looks in a row that nobody answers before `onSilent`. */
  readonly most: number;
  /** Asks for a sign of life, which `heard` is told of. False where there is nobody to ask. */
  ask(): boolean;
  onSilent(): void;
}

export class SilenceWatch implements Disposable {
  readonly #options: SilenceWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #unanswered = 0;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.everyMs);
    this.#timer.unref();
  }

  /** The process has answered, to whatever question. */
  heard(): void {
    this.#unanswered = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { most, ask, onSilent } = this.#options;
    if (this.#unanswered >= most) {
      this.#unanswered = 0;
      onSilent();
      return;
    }
    // A process that starts anew owes no answers of the one before it.
    this.#unanswered = ask() ? this.#unanswered + 1 : 0;
  }
}
