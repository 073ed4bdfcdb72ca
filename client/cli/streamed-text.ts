import { printable } from './output.ts';

/** Shows a text as it is written; what was shown can't be taken back, so a text that begins anew is shown on a new line. */
export class StreamedText {
  readonly #write: (text: string) => void;
  #shown = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** @param soFar the whole text so far */
  show(soFar: string): void {
    const goesOn = soFar.startsWith(this.#shown);
    const more = goesOn ? soFar.slice(this.#shown.length) : `\n${soFar}`;
    this.#write(more.split('\n').map(printable).join('\n'));
    this.#shown = soFar;
  }

  /** Ends the line. True when the answer is what was shown, so that it need not be printed again. */
  end(answer: string): boolean {
    if (this.#shown === '') return false;
    if (answer.startsWith(this.#shown)) this.show(answer);
    this.#write('\n');
    return this.#shown === answer;
  }
}
