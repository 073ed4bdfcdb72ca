/**
 * Ingests a folder while the workers, the Temporal server, or all processes of the stack are killed with SIGKILL at random
 * moments, and then holds the store against the catalog, both by `verify` and past it. By hand, on a folder of any size, or
 * on generated books whose vectors cost nothing:
 *
 *     npm run kills -- --target workers --kills 10 --every 30 --seed 1 /usr/share/doc/r-doc-pdf/manual
 *     npm run kills -- --target all --kills 10 --every 90 --books 9000 --parallel 20
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import { readStackState } from '../../client/stack-state.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import {
  descendantsOf,
  endProcess,
  temporalPid,
  treeMemory,
  workerPids,
} from '../helpers/stack-processes.ts';
import { mulberry32 } from './seeded.ts';

export interface KillRunOptions {
  readonly paths: readonly string[];
  /** After `all`, the supervisor among them, `up` starts the stack again, as a service manager would. */
  readonly target: 'workers' | 'temporal' | 'all';
  readonly parallel?: number;
  /** Vectors are made from hashes, in no time. */
  readonly fakeEmbedder?: boolean;
  readonly kills: number;
  /** Mean time between two kills, in seconds. */
  readonly everySeconds: number;
  readonly seed: number;
}

export interface KillRunReport {
  readonly books: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly chunks: number;
  readonly seconds: number;
  /** Largest resident memory of the worker process and its children, in MB. */
  readonly peakWorkerMb: number;
  /** Chunks that were on disk and were embedded again: must be none. */
  readonly embeddedTwice: number;
  /** Faults that `verify` found; must be 0. */
  readonly verified: number;
  /** What is wrong with the store; must be empty. */
  readonly faults: readonly string[];
}

/** For the environment of the stack: the worker's embedder takes no time. */
export const fakeEmbedderEnv = {
  CHAOS_EMBEDDER: 'fake',
  NODE_OPTIONS: `--import=${new URL('preload.ts', import.meta.url).href}`,
};

export const verifyResult = z.object({
  found: z.record(z.string(), z.number()),
  faultyBooks: z.number(),
  artifacts: z.object({ damaged: z.number() }),
});

export const ingestResult = z.object({
  books: z.record(z.string(), z.number()),
  chunks: z.number(),
  seconds: z.number(),
});

export async function killRun(options: KillRunOptions): Promise<KillRunReport> {
  await using home = await TestHome.create({
    SCRIPTORIUM_LOG_LEVEL: 'debug',
    ...(options.fakeEmbedder && fakeEmbedderEnv),
  });
  await home.run('up', '--detach');
  const killer = new Killer(home, options);
  const parallel = options.parallel === undefined ? [] : ['--parallel', String(options.parallel)];
  const running = home.json('ingest', ...options.paths, ...parallel).finally(() => killer.stop());
  const [kills, { result }] = await Promise.all([killer.run(), running]);
  const { books, chunks, seconds } = ingestResult.parse(result);
  const verification = verifyResult.parse((await home.json('verify')).result);
  await home.run('down');
  const embeddedTwice = await countEmbeddedTwice(join(home.paths.logs, 'workers.log'));
  return {
    books,
    kills,
    chunks,
    seconds,
    peakWorkerMb: killer.peakMb,
    embeddedTwice,
    verified: faultsOf(verification),
    faults: await faultsIn(home.paths.store),
  };
}

/** Gone files are none: an attempt that lost its worker leaves nothing behind. */
export function faultsOf({ found, faultyBooks, artifacts }: z.infer<typeof verifyResult>): number {
  return Object.values(found).reduce((sum, count) => sum + count, faultyBooks + artifacts.damaged);
}

/** Waits, kills, and waits for the supervisor's restart, until there were enough or the run is over. */
class Killer {
  readonly #home: TestHome;
  readonly #options: KillRunOptions;
  readonly #random: () => number;
  #over = false;
  #peak = 0;

  constructor(home: TestHome, options: KillRunOptions) {
    this.#home = home;
    this.#options = options;
    this.#random = mulberry32(options.seed);
  }

  get peakMb(): number {
    return Math.round(this.#peak / 1e6);
  }

  stop(): void {
    this.#over = true;
  }

  async run(): Promise<number> {
    let kills = 0;
    while (
      kills < this.#options.kills &&
      (await this.#pause(this.#options.everySeconds * 2_000 * this.#random()))
    ) {
      const pids = await this.#pids();
      if (pids.length === 0) continue;
      for (const pid of pids) endProcess(pid);
      kills += 1;
      process.stderr.write(`kill ${kills}: ${this.#options.target} ${pids.join(', ')}\n`);
      if (this.#options.target === 'all') await this.#startAgain();
      await this.#untilReplaced(pids);
    }
    while (!this.#over) await this.#pause(1_000);
    return kills;
  }

  async #pids(): Promise<number[]> {
    const { stackFile } = this.#home.paths;
    const { target } = this.#options;
    const supervisor = target === 'all' ? (await readStackState(stackFile))?.pid : undefined;
    const workers = target === 'temporal' ? [] : await workerPids(stackFile);
    const below = target === 'all' ? (await Promise.all(workers.map(descendantsOf))).flat() : [];
    const temporal = target === 'workers' ? null : await temporalPid(stackFile);
    return [supervisor, ...workers, ...below, temporal].filter((pid) => typeof pid === 'number');
  }

  async #startAgain(): Promise<void> {
    const { code, stderr } = await this.#home.run('up', '--detach');
    if (code !== 0) throw new Error(`up after a kill of all ended with ${code}: ${stderr}`);
  }

  async #untilReplaced(former: readonly number[]): Promise<void> {
    while (!this.#over) {
      const pids = await this.#pids();
      if (pids.length > 0 && !pids.some((pid) => former.includes(pid))) return;
      await this.#pause(100);
    }
  }

  /** False as soon as the run is over. Measures the workers on the way. */
  async #pause(ms: number): Promise<boolean> {
    const until = Date.now() + ms;
    do {
      for (const pid of await workerPids(this.#home.paths.stackFile))
        this.#peak = Math.max(this.#peak, await treeMemory(pid));
      await new Promise((resolve) => setTimeout(resolve, Math.min(500, Math.max(0, until - Date.now()))));
    } while (!this.#over && Date.now() < until);
    return !this.#over;
  }
}

const batchLine = z.object({
  msg: z.literal('chunks embedded'),
  path: z.string(),
  from: z.number(),
  to: z.number(),
});

/** From the log line that follows each batch on disk. */
async function countEmbeddedTwice(log: string): Promise<number> {
  const seen = new Set<string>();
  let twice = 0;
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    const batch = batchLine.safeParse(jsonOf(line));
    if (!batch.success) continue;
    for (let ordinal = batch.data.from; ordinal < batch.data.to; ordinal++) {
      const chunk = `${batch.data.path} ${ordinal}`;
      if (seen.has(chunk)) twice += 1;
      seen.add(chunk);
    }
  }
  if (seen.size === 0) throw new Error(`${log} tells of no batch`);
  return twice;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Every committed book must have exactly its points, each id once, and no other point of it may be there. */
export async function faultsIn(storeFolder: string): Promise<string[]> {
  const { catalog: opener } = await openLanceStores({
    folder: storeFolder,
    embedderId: 'unknown',
    dimensions: 384,
  });
  const [library] = await opener.listLibraries();
  await opener[Symbol.asyncDispose]();
  if (!library) return ['there is no library'];
  const { store, catalog } = await openLanceStores({ folder: storeFolder, ...library });
  const faults: string[] = [];
  for (const book of await catalog.list({ limit: 100_000 })) {
    const revision = book.revision ?? 'none';
    const [points, all] = [await store.count(book.bookId, revision), await store.count(book.bookId)];
    const distinct = (await store.get(chunkIdsOf(book))).length;
    if (points !== book.chunks) faults.push(`${book.path}: ${points} points of ${book.chunks} chunks`);
    if (distinct !== book.chunks)
      faults.push(`${book.path}: ${distinct} distinct points of ${book.chunks} chunks`);
    if (all !== points) faults.push(`${book.path}: ${all - points} points of other revisions`);
  }
  await Promise.all([store[Symbol.asyncDispose](), catalog[Symbol.asyncDispose]()]);
  return faults;
}

function chunkIdsOf({ bookId, revision, chunks }: BookRecord): string[] {
  return Array.from({ length: chunks }, (_, ordinal) => chunkIdOf(bookId, revision ?? 'none', ordinal));
}
