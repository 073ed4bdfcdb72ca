/** Writes server-sent events no faster than they are read. */
import type { Writable } from 'node:stream';

/** A reader that takes nothing for so long is gone, or means harm. */
const STALLED_MS = 30_000;

/** Of the events that wait for a slow reader it keeps the latest of each name: each tells all that those before did. */
export class EventWriter {
  readonly #out: Writable;
  readonly #stalledMs: number;
  readonly #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;

  /** @param stalledMs the connection is closed when nothing of what is written was read for so long */
  constructor(out: Writable, stalledMs = STALLED_MS) {
    this.#out = out;
    this.#stalledMs = stalledMs;
    out.on('drain', () => this.#drained());
    out.once('close', () => this.#watch(false));
  }

  send(event: string, data: object): void {
    if (this.#out.destroyed) return;
    this.#waiting.delete(event);
    this.#waiting.set(event, `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    this.#flush();
  }

  /** A line that says nothing: it keeps the connection open. */
  keepAlive(): void {
    if (!this.#out.destroyed && !this.#out.writableNeedDrain) this.#written(': \n\n');
  }

  /** With what waits, which is one event of a name at most. */
  end(): void {
    if (this.#out.destroyed) return;
    for (const text of this.#waiting.values()) this.#out.write(text);
    this.#waiting.clear();
    this.#watch(true);
    this.#out.end(() => this.#watch(false));
  }

  #drained(): void {
    this.#watch(false);
    this.#flush();
  }

  #flush(): void {
    for (const [event, text] of this.#waiting) {
      if (this.#out.writableNeedDrain) return;
      this.#waiting.delete(event);
      this.#written(text);
    }
  }

  #written(text: string): void {
    if (!this.#out.write(text)) this.#watch(true);
  }

  #watch(stalled: boolean): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = stalled ? setTimeout(() => this.#out.destroy(), this.#stalledMs) : null;
  }
}
