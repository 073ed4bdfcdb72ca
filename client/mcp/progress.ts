import type { ProgressToken, ServerNotification } from '@modelcontextprotocol/sdk/types.js';

/** Steps between two notifications that tell no more than the one before: the protocol wants each to be greater. */
const LEAST_STEP = 0.001;

/** Tells an asker how far a call is. Each notification also keeps the asker from giving up. */
export class Progress {
  readonly #token: ProgressToken;
  readonly #send: (notification: ServerNotification) => Promise<void>;
  #last = 0;

  constructor(token: ProgressToken, send: (notification: ServerNotification) => Promise<void>) {
    this.#token = token;
    this.#send = send;
  }

  /** One step more, of an unknown number. */
  step(message: string): void {
    this.#tell(Math.floor(this.#last) + 1, message);
  }

  /** @param share of the whole, 0 to 1 */
  share(share: number, message: string): void {
    this.#tell(share * 100, message, 100);
  }

  #tell(progress: number, message: string, total?: number): void {
    this.#last = Math.max(progress, this.#last + LEAST_STEP);
    const params = { progressToken: this.#token, progress: this.#last, message };
    const told = this.#send({
      method: 'notifications/progress',
      params: total === undefined ? params : { ...params, total },
    });
    // Whoever went away hears of nothing more.
    told.catch(() => {});
  }
}
