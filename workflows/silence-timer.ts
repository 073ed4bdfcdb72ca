/** When a run looks at its books that stay silent. One timer for many books: a timer for each wait would double a run's history. */
import { patched, sleep } from '@temporalio/workflow';
import { cancelledCheckMs, SILENT_CHILD_CHECK_MS } from './policies.ts';

export class SilenceTimer {
  #runs = false;
  #isDue = false;
  /** Since the run was cancelled. */
  #looks = 0;

  /** Unless it runs already. */
  start({ cancelling }: { readonly cancelling: boolean }): void {
    if (this.#runs) return;
    this.#runs = true;
    const over = (due: boolean): void => {
      this.#runs = false;
      this.#isDue = due;
    };
    const fewer = cancelling && patched('a-cancelled-run-looks-ever-less-often');
    const ms = fewer ? cancelledCheckMs(this.#looks++) : SILENT_CHILD_CHECK_MS;
    sleep(ms, { summary: 'then look at books that stay silent' }).then(
      () => over(true),
      () => over(false),
    );
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** True once for each time that it was due. */
  takeDue(): boolean {
    const due = this.#isDue;
    this.#isDue = false;
    return due;
  }
}
