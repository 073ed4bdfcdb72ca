/**
 * How many tokens a device is given at once: begins small, doubles while that makes it faster, and goes back to the half
 * when memory runs out. Pure: it is told what happened, and when.
 */

export interface BatchSizeLimits {
  /** Tokens to begin with. */
  readonly first: number;
  /** Fewest tokens ever: those of one text of full length. Default 1. */
  readonly least?: number;
  /** Most tokens ever. */
  readonly most: number;
  /** A batch should not take longer: a question may have to wait for it. */
  readonly maxBatchMs: number;
}

/** Full batches, one behind the other, that tell the speed of a size. */
const BATCHES_PER_MEASUREMENT = 4;
/** A batch that fills less of its budget tells nothing of it. */
const FULL = 0.75;
/** Twice the size is worth its memory when it brings at least this. */
const WORTHWHILE = 1.03;
/** After so many without a failure, twice the size is tried again: 256 batches that went well for one that may not. */
const CALM_MEASUREMENTS = 64;

export class BatchSize {
  readonly #limits: BatchSizeLimits;
  #budget: number;
  /** To come back to when there is memory again. */
  #sizeBeforeFailure = 0;
  /** Measurements since memory ran out. */
  #calm = 0;
  #settled = false;
  /** Of the size below, tokens a millisecond. */
  #rateBefore = 0;
  /** Since the end of a full batch, with the device busy all the time. */
  #window: { sinceMs: number; tokens: number; batches: number } | null = null;

  constructor(limits: BatchSizeLimits) {
    this.#limits = limits;
    this.#budget = Math.min(limits.first, limits.most);
  }

  /** Most tokens of the next batch, padding included. */
  get budget(): number {
    return this.#budget;
  }

  /** It will not grow any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Nothing was there to do: the time that passes now says nothing of the device. */
  idle(): void {
    this.#window = null;
  }

  /** A batch of so many tokens, padding included, has ended. */
  ended(tokens: number, nowMs: number): void {
    if (tokens < this.#budget * FULL || tokens > this.#budget) this.#window = null;
    else if (!this.#window) this.#window = { sinceMs: nowMs, tokens: 0, batches: 0 };
    else this.#count(this.#window, tokens, nowMs);
  }

  /** A batch of so many tokens did not fit. */
  outOfMemory(tokens: number): void {
    this.#settled = true;
    this.#calm = 0;
    this.#sizeBeforeFailure = Math.max(this.#sizeBeforeFailure, this.#budget);
    this.#changeTo(Math.min(this.#budget, Math.floor(tokens / 2)));
  }

  #count(window: { sinceMs: number; tokens: number; batches: number }, tokens: number, nowMs: number): void {
    window.tokens += tokens;
    window.batches += 1;
    if (window.batches < BATCHES_PER_MEASUREMENT) return;
    this.#window = null;
    this.#judge(window.tokens / Math.max(nowMs - window.sinceMs, 0.001));
  }

  #judge(rate: number): void {
    const tooLong = this.#budget / rate > this.#limits.maxBatchMs;
    const noFaster = !this.#settled && rate < this.#rateBefore * WORTHWHILE;
    if (tooLong || noFaster) {
      this.#settled = true;
      this.#changeTo(Math.ceil(this.#budget / 2));
    } else if (this.#settled) this.#tryAgain();
    else this.#grow(rate);
  }

  #grow(rate: number): void {
    const { most, maxBatchMs } = this.#limits;
    const doubled = Math.min(this.#budget * 2, most);
    this.#settled = doubled <= this.#budget || doubled / rate > maxBatchMs;
    if (this.#settled) return;
    this.#rateBefore = rate;
    this.#changeTo(doubled);
  }

  /** Whoever took the memory may be gone. */
  #tryAgain(): void {
    if (this.#budget >= this.#sizeBeforeFailure || ++this.#calm < CALM_MEASUREMENTS) return;
    this.#calm = 0;
    this.#changeTo(Math.min(this.#budget * 2, this.#sizeBeforeFailure));
  }

  #changeTo(budget: number): void {
    this.#budget = Math.max(this.#limits.least ?? 1, budget);
    this.#window = null;
  }
}
