/** Drops artifacts that no committed book needs. */
import type { FileCount, GarbageResult } from '../workflows/upkeep-contract.ts';
import { artifactKeysOf } from './artifact-keys.ts';
import type { StageLimits } from './attempt.ts';
import { eachRecord } from './each-record.ts';
import { ScriptoriumError } from './errors.ts';
import { isInPart, type Part, partsOf } from './partition.ts';
import type { Pipeline } from './pipeline.ts';
import type { ArtifactStore, ListedArtifact } from './ports/artifact-store.ts';
import type { Catalog } from './ports/catalog.ts';
import { assertNoRun, assertNothingIngested, type RunningWorkflows } from './running.ts';
import { ingestStage, type StageContext } from './stage.ts';

export interface GarbagePorts {
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
  readonly running: RunningWorkflows;
  readonly limits: StageLimits;
  /** Default 50,000: their keys take about 20 MB. Larger catalogs are gone through several times. */
  readonly booksPerPass?: number;
}

export interface GarbageOptions {
  readonly dryRun: boolean;
  readonly graceMs: number;
  /** Even where the catalog knows no finished book. */
  readonly force?: boolean;
}

const BOOKS_PER_PASS = 50_000;
/** What is being ingested is asked for again this often: a book that is begun meanwhile takes up finished files, however old. */
const QUIET_FOR_MS = 1_000;

export type GarbageActivities = ReturnType<typeof createGarbageActivities>;

export function createGarbageActivities(ports: GarbagePorts) {
  return {
    /** @throws RUN_IN_PROGRESS while anything is being ingested, GC_REFUSED where the catalog is empty, unless nothing is to be dropped */
    dropUnneeded: ingestStage(async (options: GarbageOptions, context): Promise<GarbageResult> => {
      if (!options.dryRun) await assertQuiet(ports);
      return await new Sweep(ports, options, context).run();
    }, ports.limits),
  };
}

async function assertQuiet({ catalog, running }: GarbagePorts): Promise<void> {
  const libraries = await catalog.listLibraries();
  const names = libraries.map(({ library }) => library);
  // Lists lag behind by a moment; the runs of known libraries are asked for by name.
  await assertNoRun(running, names, 'dropping intermediate files');
  await assertNothingIngested(running, 'dropping intermediate files');
}

class Sweep {
  readonly #ports: GarbagePorts;
  readonly #dryRun: boolean;
  readonly #force: boolean;
  readonly #context: StageContext;
  /** A book that is begun while we look writes files younger than this, even without any grace. */
  readonly #before: number;
  readonly #dropped = new Map<string, FileCount>();
  #quietUntilMs = Date.now() + QUIET_FOR_MS;
  /** What no file of this part may be dropped of, and the catalog's epoch of before it was read. */
  #keys: { readonly part: Part; readonly epoch: number; readonly needed: ReadonlySet<string> } | null = null;
  #needed: FileCount = { files: 0, bytes: 0 };
  #young: FileCount = { files: 0, bytes: 0 };

  constructor(
    ports: GarbagePorts,
    { dryRun, graceMs, force = false }: GarbageOptions,
    context: StageContext,
  ) {
    this.#ports = ports;
    this.#dryRun = dryRun;
    this.#force = force;
    this.#context = context;
    this.#before = Date.now() - graceMs;
  }

  async run(): Promise<GarbageResult> {
    let [books, finished] = [0, 0];
    for await (const { revision } of eachRecord(this.#ports.catalog)) {
      books += 1;
      if (revision !== null) finished += 1;
    }
    if (finished === 0 && !this.#force && !this.#dryRun) await this.#refuseToDropAll();
    for (const part of partsOf(books, this.#ports.booksPerPass ?? BOOKS_PER_PASS)) await this.#sweep(part);
    return {
      dryRun: this.#dryRun,
      dropped: Object.fromEntries(this.#dropped),
      needed: this.#needed,
      young: this.#young,
    };
  }

  /** A store that was lost is filled again from these files: to drop them first would cost a day of embedding. */
  async #refuseToDropAll(): Promise<void> {
    for await (const { key, partialOf, modifiedMs } of this.#ports.artifacts.list())
      if (partialOf === null && key.startsWith('vectors/') && modifiedMs <= this.#before)
        throw new ScriptoriumError(
          'GC_REFUSED',
          'The catalog knows no finished book, and the vectors of some are there; nothing was dropped',
        );
  }

  async #sweep(part: Part): Promise<void> {
    await this.#readKeys(part);
    for await (const file of this.#ports.artifacts.list()) {
      this.#context.signal.throwIfAborted();
      if (isInPart(hashIn(file.key), part)) await this.#judge(file);
    }
  }

  async #readKeys(part: Part): Promise<void> {
    const epoch = await this.#ports.catalog.epoch();
    const needed = new Set<string>();
    for await (const record of eachRecord(this.#ports.catalog)) {
      this.#context.signal.throwIfAborted();
      const keys = artifactKeysOf(record, this.#ports.pipeline);
      for (const key of Object.values(keys ?? {})) if (isInPart(hashIn(key), part)) needed.add(key);
    }
    this.#keys = { part, epoch, needed };
  }

  async #judge(file: ListedArtifact): Promise<void> {
    if (this.#isNeeded(file)) this.#needed = plus(this.#needed, file);
    else if (file.modifiedMs > this.#before) this.#young = plus(this.#young, file);
    else await this.#drop(file);
  }

  #isNeeded({ key, partialOf }: ListedArtifact): boolean {
    return partialOf === null && this.#keys?.needed.has(key) === true;
  }

  /**
   * A run may have begun and ended since the last look, and have taken up what was there already.
   * @throws RUN_IN_PROGRESS; what was dropped by then nobody needed
   */
  async #stayQuiet(): Promise<void> {
    if (Date.now() < this.#quietUntilMs) return;
    await assertQuiet(this.#ports);
    if (this.#keys && (await this.#ports.catalog.epoch()) !== this.#keys.epoch)
      await this.#readKeys(this.#keys.part);
    this.#quietUntilMs = Date.now() + QUIET_FOR_MS;
  }

  async #drop(file: ListedArtifact): Promise<void> {
    if (!this.#dryRun) {
      await this.#stayQuiet();
      if (this.#isNeeded(file)) {
        this.#needed = plus(this.#needed, file);
        return;
      }
      await this.#ports.artifacts.discard(file);
    }
    const kind = file.partialOf === null ? (file.key.split('/')[0] ?? '') : 'partial';
    const count = plus(this.#dropped.get(kind) ?? { files: 0, bytes: 0 }, file);
    this.#dropped.set(kind, count);
    this.#context.progress(
      [...this.#dropped.values()].reduce((sum, { files }) => sum + files, 0),
      null,
    );
  }
}

function hashIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function plus({ files, bytes }: FileCount, file: { readonly bytes: number }): FileCount {
  return { files: files + 1, bytes: bytes + file.bytes };
}
