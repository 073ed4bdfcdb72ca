/** How much a run has to do and did, by ending of the file names: a megabyte of PDF is not a megabyte of text. Pure. */
import type { CarriedState } from './carried-state.ts';
import { endingOf } from './file-ending.ts';
import { type FormatWork, MAX_SAMPLES, type ProgressSample, SAMPLE_EVERY_MS } from './run-contract.ts';

/** Names like `.2024-final` are no format; so many endings are enough. */
const MAX_ENDINGS = 16;
const NOTHING: FormatWork = { bytes: 0, settledBytes: 0, ingestedBytes: 0, chunks: 0 };

export class RunWork {
  readonly #startedAtMs: number;
  #formats: Readonly<Record<string, FormatWork>> = {};
  #samples: readonly ProgressSample[] = [];
  /** Since the run started, or since version 0.1 handed it over. */
  #books = 0;

  /** Bytes to work through, by ending; undefined for runs that were scanned by version 0.1. */
  constructor(bytes: Readonly<Record<string, number>> | undefined, startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    this.add(bytes);
  }

  get formats(): Readonly<Record<string, FormatWork>> {
    return this.#formats;
  }

  /** What was settled at some moments of the last minutes, the oldest first. */
  get samples(): readonly ProgressSample[] {
    return this.#samples;
  }

  resume({ formats = {}, samples = [] }: Pick<CarriedState, 'formats' | 'samples'>): void {
    this.#formats = formats;
    this.#samples = samples;
    this.#books = samples.at(-1)?.books ?? 0;
  }

  add(bytes: Readonly<Record<string, number>> | undefined): void {
    for (const [ending, more] of Object.entries(bytes ?? {}))
      this.#change(ending, (work) => ({ ...work, bytes: work.bytes + more }));
  }

  /** `chunks` is null for a book that was not ingested. */
  settle(
    book: { readonly path: string; readonly bytes?: number },
    chunks: number | null,
    nowMs: number,
  ): void {
    const { path, bytes = 0 } = book;
    this.#change(endingOf(path), (work) => {
      const settledBytes = work.settledBytes + bytes;
      const settled = { ...work, settledBytes, bytes: Math.max(work.bytes, settledBytes) };
      if (chunks === null) return settled;
      return { ...settled, ingestedBytes: work.ingestedBytes + bytes, chunks: work.chunks + chunks };
    });
    this.#books += 1;
    this.#sample(nowMs);
  }

  #sample(nowMs: number): void {
    const last = this.#samples.at(-1)?.atMs ?? this.#startedAtMs;
    if (nowMs - last < SAMPLE_EVERY_MS) return;
    const all = Object.values(this.#formats);
    const bytes = all.reduce((sum, { settledBytes }) => sum + settledBytes, 0);
    const chunks = all.reduce((sum, work) => sum + work.chunks, 0);
    const sample = { atMs: nowMs, books: this.#books, bytes, chunks };
    this.#samples = [...this.#samples, sample].slice(-MAX_SAMPLES);
  }

  #change(ending: string, change: (work: FormatWork) => FormatWork): void {
    const known = ending in this.#formats || Object.keys(this.#formats).length < MAX_ENDINGS;
    const key = known ? ending : 'other';
    this.#formats = { ...this.#formats, [key]: change(this.#formats[key] ?? NOTHING) };
  }
}
