/** One run: a library, a stack, faults, the wait for the end, and then every check. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { connectTemporal } from '../../client/connection.ts';
import { ingestLibraryId } from '../../workflows/contract.ts';
import { TestHome } from '../helpers/scriptorium.ts';
import { readArtifacts } from './artifact-files.ts';
import { type Library, libraryOf } from './books.ts';
import { artifactFaults, catalogFaults, countFaults, pointFaults, runResult } from './checks.ts';
import { Disk } from './disk.ts';
import { failpointEnv, inject, type Scene } from './faults.ts';
import { fetchHistories, replayFaults } from './histories.ts';
import type { ChaosPlan } from './plan.ts';
import { endStrays, foreignHits, restartsIn, straysOf } from './running-checks.ts';
import { type SearchWatchPorts, watchSearches } from './search-watch.ts';
import { StoreServer } from './store-server.ts';
import { readLance, readLanceRecords, readQdrant, readQdrantRecords, type Stored } from './stored.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly store: ChaosPlan['store'];
  readonly books: number;
  readonly chunks: number;
  /** What happened to the machine. */
  readonly events: readonly string[];
  /** What was wrong after it; must be empty. */
  readonly faults: readonly string[];
  readonly seconds: number;
  /** Folder with all that a run left, when it was kept. */
  readonly kept: string | null;
}

/** A run takes half a minute; the longest waits in it are those for activities of a worker that is gone. */
const END_TIMEOUT_MS = 240_000;
const LOOK_EVERY_MS = 300;
const RUN_ID = ingestLibraryId('default');

/** `keep` leaves the folder of a run with faults. */
export async function chaosRun(plan: ChaosPlan, keep: boolean): Promise<ChaosReport> {
  const startedAtMs = Date.now();
  const folder = await mkdtemp(join(tmpdir(), `scriptorium-chaos-${plan.seed}-`));
  const armed = join(folder, 'armed');
  await using things = new AsyncDisposableStack();
  const store = plan.store === 'qdrant' ? things.use(await StoreServer.start(folder)) : null;
  const home = await TestHome.create({
    ...{ SCRIPTORIUM_HOME: join(folder, 'home'), SCRIPTORIUM_LOG_LEVEL: 'debug' },
    ...(store ? { QDRANT_URL: store.url } : {}),
    ...failpointEnv(plan.faults, armed),
  });
  const needsDisk = plan.faults.some(({ kind }) => kind === 'full-disk');
  const disk = needsDisk ? await Disk.mount(folder, home.paths.folder) : null;
  if (disk) things.use(disk);
  const library = await libraryOf(plan, join(folder, 'books'));
  const run = new ChaosRun(plan, library, { home, store, disk, armed });
  const found = await run.run();
  const kept = keep && found.faults.length > 0;
  if (!kept) await things.disposeAsync();
  if (!kept) await rm(folder, { recursive: true, force: true });
  await rm(home.folder, { recursive: true, force: true });
  const seconds = Math.round((Date.now() - startedAtMs) / 100) / 10;
  const { seed, store: kind } = plan;
  return { seed, store: kind, books: plan.books.length, ...found, seconds, kept: kept ? folder : null };
}

class ChaosRun {
  readonly #plan: ChaosPlan;
  readonly #library: Library;
  readonly #place: Omit<Scene, 'over'>;
  readonly #faults: string[] = [];

  constructor(plan: ChaosPlan, library: Library, place: Omit<Scene, 'over'>) {
    this.#plan = plan;
    this.#library = library;
    this.#place = place;
  }

  async run(): Promise<Pick<ChaosReport, 'chunks' | 'events' | 'faults'>> {
    const { home } = this.#place;
    let events: string[] = [];
    let chunks = 0;
    try {
      await this.#command('up', '--detach');
      if (this.#library.known) await this.#ingestBefore();
      events = await this.#ingestWithFaults();
      chunks = await this.#check();
    } catch (error) {
      this.#faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      await home.run('down');
      await endStrays(home);
    }
    return { chunks, events, faults: this.#faults };
  }

  async #ingestBefore(): Promise<void> {
    await this.#library.write('before');
    const { code, stderr } = await this.#place.home.run('ingest', this.#library.folder);
    if (code !== 0 && code !== 3) throw new Error(`the run before the faults ended with ${code}: ${stderr}`);
  }

  async #ingestWithFaults(): Promise<string[]> {
    const { home, armed } = this.#place;
    await this.#library.write('now');
    await writeFile(armed, '');
    const over = new AbortController();
    const parallel = String(this.#plan.parallel);
    await this.#command('ingest', this.#library.folder, '--parallel', parallel, '--detach');
    const scene = { ...this.#place, over: over.signal };
    const happening = Promise.all(this.#plan.faults.map((fault) => inject(fault, scene)));
    const searching = watchSearches(this.#searchPorts(), over.signal);
    const result = await this.#untilEnded().finally(() => over.abort());
    const [events, searches] = [await happening, await searching];
    await rm(armed, { force: true });
    this.#faults.push(...countFaults(runResult.parse(result), this.#library.books), ...searches.faults);
    return [...events, ...(await restartsIn(home)), `${searches.answered} searches meanwhile`];
  }

  #searchPorts(): SearchWatchPorts {
    const { home, store } = this.#place;
    return {
      withTemporal: (use) => this.#withTemporal(use),
      readRecords: () => (store ? readQdrantRecords(store.serverUrl) : readLanceRecords(home.paths.store)),
    };
  }

  /** The run must end by itself, whatever becomes of those who watch it. */
  async #untilEnded(): Promise<unknown> {
    const deadline = Date.now() + END_TIMEOUT_MS;
    let last = 'nothing was heard of it';
    while (Date.now() < deadline) {
      try {
        const state = await this.#withTemporal((client) => stateOf(client));
        if (state.over) return state.result;
        last = state.pending;
      } catch (error) {
        last = String(error);
      }
      await setTimeout(LOOK_EVERY_MS);
    }
    throw new Error(`the run did not end within ${END_TIMEOUT_MS / 1000} s: ${last}`);
  }

  /** Resolves to the number of points. */
  async #check(): Promise<number> {
    const { home, store } = this.#place;
    const histories = await this.#withTemporal(fetchHistories);
    const hits = await home.json('search', 'the keeper of the lantern');
    await this.#command('down');
    const strays = await straysOf(home);
    const stored = store ? await readQdrant(store.serverUrl) : await readLance(home.paths.store);
    const artifacts = await readArtifacts(home.paths.artifacts);
    this.#faults.push(
      ...strays.map((stray) => `still running after \`down\`: ${stray}`),
      ...foreignHits(hits.result, stored),
      ...this.#storeFaults(stored),
      ...artifactFaults(artifacts, stored),
      ...(await replayFaults(histories)),
    );
    return stored.points.length;
  }

  #storeFaults(stored: Stored): string[] {
    return [...catalogFaults(stored, this.#library.books), ...pointFaults(stored)];
  }

  async #withTemporal<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const client = await connectTemporal({ env: this.#place.home.env });
    try {
      return await client.withDeadline(Date.now() + 20_000, () => use(client));
    } finally {
      await client.connection.close();
    }
  }

  /** @throws Error when it ends with a code other than 0 */
  async #command(...args: string[]): Promise<void> {
    const { code, stderr } = await this.#place.home.run(...args);
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${stderr}`);
  }
}

type RunState =
  | { readonly over: true; readonly result: unknown }
  | { readonly over: false; readonly pending: string };

async function stateOf(client: Client): Promise<RunState> {
  const handle = client.workflow.getHandle(RUN_ID);
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') return { over: false, pending: `${RUN_ID} is running` };
  if (status.name !== 'COMPLETED') throw new Error(`${RUN_ID} ended as ${status.name}`);
  return { over: true, result: await handle.result() };
}
