/**
 * Ingests a folder while the workers, or the Temporal server, are killed with SIGKILL at random moments, and then holds
 * the store against the catalog. By hand, on a folder of any size:
 *
 *     node test/chaos/kill-run.ts --target workers --kills 10 --every 30 --seed 1 /usr/share/doc/r-doc-pdf/manual
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openLanceStores } from '../../activities/adapters/lancedb/lance-stores.ts';
import { chunkIdOf } from '../../activities/naming.ts';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { temporalPid, treeMemory, workerPids } from '../helpers/stack-processes.ts';
import { mulberry32 } from './seeded.ts';

export interface KillRunOptions {
  readonly paths: readonly string[];
  readonly target: 'workers' | 'temporal';
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
  /** What is wrong with the store; must be empty. */
  readonly faults: readonly string[];
}

const ingestResult = z.object({
  books: z.record(z.string(), z.number()),
  chunks: z.number(),
  seconds: z.number(),
});

export async function killRun(options: KillRunOptions): Promise<KillRunReport> {
  await using home = await TestHome.create({ SCRIPTORIUM_LOG_LEVEL: 'debug' });
  await home.run('up', '--detach');
  const killer = new Killer(home, options);
  const running = home.json('ingest', ...options.paths).finally(() => killer.stop());
  const kills = await killer.run();
  const { result } = await running;
  const { books, chunks, seconds } = ingestResult.parse(result);
  await home.run('down');
  const embeddedTwice = await countEmbeddedTwice(join(home.paths.logs, 'workers.log'));
  return {
    books,
    kills,
    chunks,
    seconds,
    peakWorkerMb: killer.peakMb,
    embeddedTwice,
    faults: await faultsIn(home.paths.store),
  };
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
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      kills += 1;
      process.stderr.write(`kill ${kills}: ${this.#options.target} ${pids.join(', ')}\n`);
      await this.#untilReplaced(pids);
    }
    while (!this.#over) await this.#pause(1_000);
    return kills;
  }

  async #pids(): Promise<number[]> {
    const { stackFile } = this.#home.paths;
    if (this.#options.target === 'workers') return await workerPids(stackFile);
    const pid = await temporalPid(stackFile);
    return pid === null ? [] : [pid];
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

if (process.argv[1]?.endsWith('kill-run.ts')) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string', default: 'workers' },
      kills: { type: 'string', default: '10' },
      every: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
    },
  });
  const target = values.target === 'temporal' ? 'temporal' : 'workers';
  const numbers = {
    kills: Number(values.kills),
    everySeconds: Number(values.every),
    seed: Number(values.seed),
  };
  process.stdout.write(
    `${JSON.stringify(await killRun({ paths: positionals, target, ...numbers }), null, 2)}\n`,
  );
}
