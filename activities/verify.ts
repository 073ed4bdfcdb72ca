/**
 * The catalog, the artifacts and every point of the store, held against each other.
 *
 * 1. Suspects are found in one pass over all points, or in several where the catalog is too large for memory.
 * 2. Each suspect is looked at on its own, between two looks at its record and its workflow: a book that is ingested or removed at
 *    the same time is never accused, and never touched.
 */
import type { VerifyResult } from '../workflows/upkeep-contract.ts';
import { type ArtifactsFound, checkArtifacts } from './artifact-check.ts';
import { artifactKeysOf } from './artifact-keys.ts';
import { atOnce } from './at-once.ts';
import type { StageLimits } from './attempt.ts';
import { BookCheck } from './book-check.ts';
import { eachPage } from './each-record.ts';
import { ScriptoriumError } from './errors.ts';
import { FaultReport } from './fault-report.ts';
import { isInPart, type Part, partsOf } from './partition.ts';
import { PointTally } from './point-tally.ts';
import type { BookRecord } from './ports/catalog.ts';
import type { RepairPorts } from './repair.ts';
import { assertNoRun, type RunningWorkflows } from './running.ts';
import { ingestStage, type StageContext } from './stage.ts';

export interface VerifyPorts extends RepairPorts {
  readonly running: RunningWorkflows;
  /** Default 50,000, about 60 MB. Larger catalogs take several passes over the points. */
  readonly limits: StageLimits;
  readonly booksPerPass?: number;
}

export interface VerifyOptions {
  readonly library?: string | undefined;
  readonly repair: boolean;
}

const BOOKS_PER_PASS = 50_000;
/** Suspects looked at, and books whose artifacts are read, at once. */
const AT_ONCE = 4;

export type VerifyActivities = ReturnType<typeof createVerifyActivities>;

export function createVerifyActivities(ports: VerifyPorts) {
  return {
    /** @throws LIBRARY_NOT_FOUND, MODEL_MISMATCH; RUN_IN_PROGRESS when it is to repair what is being ingested */
    verifyBooks: ingestStage(async (options: VerifyOptions, context): Promise<VerifyResult> => {
      const libraries = await librariesOf(ports, options.library);
      if (options.repair) await assertNoRun(ports.running, libraries.visible, 'a repair');
      return await new Verification(ports, options, libraries.skipped, context).run();
    }, ports.limits),
  };
}

/** Points of another model lie where the configured one does not look. */
async function librariesOf(
  { catalog, pipeline }: VerifyPorts,
  library: string | undefined,
): Promise<{ visible: string[]; skipped: string[] }> {
  const all = await catalog.listLibraries();
  const named = all.filter((record) => library === undefined || record.library === library);
  if (library !== undefined && named.length === 0)
    throw new ScriptoriumError('LIBRARY_NOT_FOUND', `There is no library ${library}`);
  const isVisible = ({ embedderId }: { embedderId: string }): boolean => embedderId === pipeline.embedderId;
  const skipped = named.filter((record) => !isVisible(record)).map((record) => record.library);
  if (library !== undefined && skipped.length > 0) {
    throw new ScriptoriumError(
      'MODEL_MISMATCH',
      `Library ${library} was embedded with another model than ${pipeline.embedderId}`,
    );
  }
  return { visible: named.filter(isVisible).map((record) => record.library), skipped };
}

class Verification {
  readonly #ports: VerifyPorts;
  readonly #options: VerifyOptions;
  readonly #skipped: ReadonlySet<string>;
  readonly #context: StageContext;
  readonly #report = new FaultReport();
  readonly #check: BookCheck;
  #total = 0;
  #books = 0;
  #points = 0;
  #artifacts = { read: 0, gone: 0, damaged: 0 };
  #incomplete = false;

  constructor(ports: VerifyPorts, options: VerifyOptions, skipped: readonly string[], context: StageContext) {
    this.#ports = ports;
    this.#options = options;
    this.#skipped = new Set(skipped);
    this.#context = context;
    this.#check = new BookCheck(ports, options.repair, context);
  }

  async run(): Promise<VerifyResult> {
    const { library, repair } = this.#options;
    for await (const page of this.#pages()) this.#total += page.length;
    const limit = this.#ports.booksPerPass ?? BOOKS_PER_PASS;
    for (const part of partsOf(this.#total, limit)) await this.#pass(part, limit);
    return {
      ...{ library: library ?? null, repair, books: this.#books, points: this.#points },
      ...{ artifacts: this.#artifacts, incomplete: this.#incomplete },
      ...{ skippedLibraries: [...this.#skipped] },
      ...this.#report.result(),
    };
  }

  async #pass(part: Part, mostForeign: number): Promise<void> {
    const tallies = new Map<string, PointTally>();
    const damaged = new Map<string, readonly string[]>();
    for await (const page of this.#pages()) {
      const mine = page.filter(({ bookId }) => isInPart(bookId, part));
      for (const record of mine) tallies.set(record.bookId, new PointTally(record));
      await this.#readArtifacts(mine, damaged);
    }
    const suspects = new Map([...damaged.keys()].map((bookId) => [bookId, '']));
    await this.#scan(part, tallies, suspects, tallies.size + mostForeign);
    for (const [bookId, tally] of tallies) if (tally.missing > 0) suspects.set(bookId, '');
    tallies.clear();
    await atOnce(AT_ONCE, suspects, async ([bookId, library]) => {
      this.#context.signal.throwIfAborted();
      const found = await this.#check.look(bookId, library, damaged.get(bookId) ?? []);
      this.#report.add(found);
      this.#context.progress(this.#books, this.#total);
    });
  }

  async #readArtifacts(records: readonly BookRecord[], damaged: Map<string, readonly string[]>) {
    await atOnce(AT_ONCE, records, async (record) => {
      this.#context.signal.throwIfAborted();
      this.#context.progress(++this.#books, this.#total);
      if (record.revision === null) return;
      const keys = artifactKeysOf(record, this.#ports.pipeline);
      const found = await checkArtifacts(this.#ports.artifacts, keys, record);
      this.#count(found);
      if (found.damaged.length > 0) damaged.set(record.bookId, found.damaged);
    });
  }

  #count({ read, gone, damaged }: ArtifactsFound): void {
    this.#artifacts.read += read;
    this.#artifacts.gone += gone;
    this.#artifacts.damaged += damaged.length;
  }

  /** Adds to the suspects, each with the library that a point of it names. */
  async #scan(
    part: Part,
    tallies: ReadonlyMap<string, PointTally>,
    suspects: Map<string, string>,
    mostSuspects: number,
  ): Promise<void> {
    const { library } = this.#options;
    for await (const page of this.#ports.store.scan(library === undefined ? {} : { library })) {
      this.#context.signal.throwIfAborted();
      for (const key of page) {
        if (this.#skipped.has(key.library) || !isInPart(key.bookId, part)) continue;
        this.#points += 1;
        if (tallies.get(key.bookId)?.add(key) === 'good' || suspects.has(key.bookId)) continue;
        if (suspects.size < mostSuspects) suspects.set(key.bookId, key.library);
        else this.#incomplete = true;
      }
    }
  }

  async *#pages(): AsyncGenerator<readonly BookRecord[]> {
    const { library } = this.#options;
    for await (const page of eachPage(this.#ports.catalog, library === undefined ? {} : { library }))
      yield page.filter((record) => !this.#skipped.has(record.library));
  }
}
