/**
 * Where files lie while they come in: a folder of each process, that it marks as its own again and again. A folder that is marked no
 * more is of a process that is gone. Neither pids nor clocks say so: containers share the first, and differ in the second.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const BEAT_MS = 15_000;
/** Marks that another process may miss: two minutes of them. */
const MISSED_BEATS = 8;

interface Seen {
  readonly mtimeMs: number;
  /** Times that it was found so. */
  readonly times: number;
}

export class IncomingFolder implements AsyncDisposable {
  readonly #parent: string;
  readonly #own: string;
  readonly #beatMs: number;
  #others: ReadonlyMap<string, Seen> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();

  constructor(parent: string, beatMs = BEAT_MS) {
    this.#parent = parent;
    this.#own = join(parent, randomUUID());
    this.#beatMs = beatMs;
  }

  /** Makes the folder, and begins to look after it and the others. */
  async open(): Promise<void> {
    await mkdir(this.#own, { recursive: true, mode: 0o700 });
    this.#next();
  }

  /** Of a file that nobody has yet. */
  newPath(ending: string): string {
    return join(this.#own, `${randomUUID()}${ending}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#beating;
    await rm(this.#own, { recursive: true, force: true });
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat();
    }, this.#beatMs);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    try {
      await mkdir(this.#own, { recursive: true, mode: 0o700 });
      await utimes(this.#own, new Date(), new Date());
      await this.#dropDead();
    } catch {
      // A disk that is full or away is told of by uploads themselves; the next beat tries again.
    }
    if (this.#timer) this.#next();
  }

  async #dropDead(): Promise<void> {
    const others = new Map<string, Seen>();
    for (const name of await readdir(this.#parent)) {
      const path = join(this.#parent, name);
      if (path === this.#own) continue;
      const mtimeMs = await stat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      );
      const before = this.#others.get(name);
      const times = before?.mtimeMs === mtimeMs ? before.times + 1 : 0;
      if (times < MISSED_BEATS) others.set(name, { mtimeMs, times });
      else await rm(path, { recursive: true, force: true });
    }
    this.#others = others;
  }
}
