import { join } from 'node:path';
import type { Schema } from 'apache-arrow';
import { toScriptoriumError } from '../../errors.ts';
import type {
  GetOptions,
  PointKey,
  SearchFilter,
  StoredHit,
  StoredPassage,
  StoredPoint,
  TextSearchOptions,
  Upkeep,
  UpsertOptions,
  VectorStore,
} from '../../ports/vector-store.ts';
import { pointTableName } from '../model-hash.ts';
import { requirePoints, requireVector, wellFormedPassage } from '../point-checks.ts';
import { AskedMark } from './asked-mark.ts';
import type { LanceDatabase } from './database.ts';
import { countsOf, type Deletion, deletionFilter, doomedRows } from './deletions.ts';
import { GatheredReads } from './gathered-reads.ts';
import { GroupCommit } from './group-commit.ts';
import { IdleWatch } from './idle-watch.ts';
import { KeptPassages } from './kept-passages.ts';
import { LitterWatch } from './litter.ts';
import { pointRows, pointSchema } from './point-rows.ts';
import { scanRanges } from './point-scan.ts';
import { PointSearches } from './point-searches.ts';
import { copiesOf, replaceCopies } from './replacements.ts';
import { RevisionTally } from './revision-tally.ts';
import { indexBytesPerRow, SearchTable } from './search-table.ts';
import { anyOf, isOneOf } from './sql.ts';
import { LanceTable } from './table.ts';
import { planUpkeep } from './upkeep-plan.ts';
import { runUpkeep } from './upkeep-process.ts';
import { indexWordsOfSmall, tableState } from './upkeep-steps.ts';
import { VersionedReads } from './versioned-reads.ts';

/** 2,048 points of 384 dimensions with their text are about 6 MB; larger writes gain nothing. */
const MAX_POINTS_PER_WRITE = 2_048;
/** Most points that go into one commit: about 24 MB. */
const MAX_POINTS_PER_COMMIT = 8_192;
/** New books are counted without a scan; a question's scan of 64 fragments takes some milliseconds. */
const MIN_COMMITS = 64;
/** Passages that are kept of what searches gave, and of their neighbours: about 2 KB each. */
const MOST_KEPT = 10_000;

interface Upsert {
  readonly kind: 'upsert';
  readonly points: readonly StoredPoint[];
  /** True once, while nobody can have written the points: a commit that failed may have been written all the same. */
  takeNew(): boolean;
}

type PointWrite = Upsert | Deletion;

/** The vector store in a folder of this machine. Concurrent writes are gathered into one commit; see `group-commit.ts`. */
export class LanceVectorStore implements VectorStore {
  readonly maxPointsPerWrite = MAX_POINTS_PER_WRITE;
  readonly #table: LanceTable;
  readonly #database: LanceDatabase;
  readonly #dimensions: number;
  readonly #schema: Schema;
  readonly #writes: GroupCommit<PointWrite, number>;
  readonly #counts: GatheredReads<ReadonlyMap<string, number>>;
  readonly #tally = new RevisionTally();
  readonly #kept = new KeptPassages(MOST_KEPT);
  readonly #passages: VersionedReads<StoredPassage, GetOptions['near']>;
  readonly #searched: SearchTable;
  readonly #searches: PointSearches;
  readonly #watch = new IdleWatch();
  readonly #litter: LitterWatch;
  readonly #asked: AskedMark;
  /** What upkeep failed with last; null when it did not. */
  #upkeepFailure: string | null = null;

  private constructor(database: LanceDatabase, table: LanceTable, dimensions: number, schema: Schema) {
    this.#database = database;
    this.#table = table;
    this.#dimensions = dimensions;
    this.#schema = schema;
    this.#litter = new LitterWatch({ folder: database.folder, table: table.name });
    this.#asked = new AskedMark(join(database.folder, `${table.name}.asked`));
    this.#writes = new GroupCommit<PointWrite, number>({
      kindOf: ({ kind }) => kind,
      keysOf: (write) => (write.kind === 'upsert' ? bookIdsOf(write.points) : [write.bookId]),
      weightOf: (write) => (write.kind === 'upsert' ? write.points.length : 1),
      maxWeight: MAX_POINTS_PER_COMMIT,
      commit: (writes) => this.#commit(writes),
      maintain: () => this.#table.maintain(),
    });
    const version = () => this.#table.read('be looked at', (opened) => opened.version());
    this.#searched = new SearchTable({
      ...{ database, name: table.name, bytesPerRow: indexBytesPerRow(dimensions) },
      rows: () => table.read('be counted', (opened) => opened.countRows()),
    });
    this.#searches = new PointSearches(database.lance, table, this.#searched, this.#kept);
    this.#passages = new VersionedReads({
      version,
      load: (ids, near) => this.#read(ids, near),
      most: MOST_KEPT,
    });
    this.#counts = new GatheredReads((bookIds) =>
      this.#table.read(`count ${bookIds.length} books`, (table) =>
        this.#tally.of(table, bookIds, () => countsOf(table, new Set(bookIds))),
      ),
    );
  }

  /** @throws ScriptoriumError STORE_UNREACHABLE, DISK_FULL */
  static async open(
    database: LanceDatabase,
    embedderId: string,
    dimensions: number,
  ): Promise<LanceVectorStore> {
    const schema = pointSchema(dimensions);
    const name = pointTableName(embedderId, dimensions);
    const spec = { name, schema, indexed: ['id', 'book_id'], minCommits: MIN_COMMITS };
    const table = await LanceTable.open(database, spec);
    await table.commit('index its words', (opened) => indexWordsOfSmall(database.lance, opened));
    return new LanceVectorStore(database, table, dimensions, schema);
  }

  async upsert(points: readonly StoredPoint[], { newUntilMs = 0 }: UpsertOptions = {}): Promise<void> {
    if (points.length === 0) return;
    requirePoints(points, this.#dimensions);
    await this.#writes.submit({
      ...{ kind: 'upsert', points: points.map(wellFormedPassage) },
      takeNew: onceBefore(newUntilMs),
    });
  }

  async count(bookId: string, revision?: string): Promise<number> {
    const counts = (await this.#counts.read([bookId])).get(bookId) ?? new Map<string, number>();
    if (revision !== undefined) return counts.get(revision) ?? 0;
    return [...counts.values()].reduce((sum, rows) => sum + rows, 0);
  }

  async deleteStale(bookId: string, revision: string): Promise<number> {
    return await this.#writes.submit({ kind: 'delete', bookId, except: revision });
  }

  async delete(bookId: string, revision?: string): Promise<void> {
    const only = revision === undefined ? {} : { only: revision };
    await this.#writes.submit({ kind: 'delete', bookId, ...only });
  }

  async deletePoints(bookId: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#writes.submit({ kind: 'delete', bookId, ids });
  }

  scan(filter: SearchFilter): AsyncIterable<readonly PointKey[]> {
    return scanRanges(this.#table, filter);
  }

  async search(vector: Float32Array, filter: SearchFilter, limit: number): Promise<readonly StoredHit[]> {
    requireVector(vector, this.#dimensions, 'the question');
    if (limit <= 0) return [];
    this.#asked.set();
    return await this.#searches.byVector(vector, filter, limit);
  }

  async searchText(
    text: string,
    filter: SearchFilter,
    limit: number,
    options: TextSearchOptions = {},
  ): Promise<readonly StoredHit[]> {
    if (limit <= 0 || text.trim() === '') return [];
    this.#asked.set();
    return await this.#searches.byWords(text.toWellFormed(), filter, limit, options);
  }

  async get(ids: readonly string[], { near }: GetOptions = {}): Promise<readonly StoredPassage[]> {
    if (ids.length === 0) return [];
    const found = await this.#passages.read(ids, near);
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /** The chunks of a book are written in its order, so most are found beside those that they are near to. */
  async #read(ids: readonly string[], near: GetOptions['near']): Promise<ReadonlyMap<string, StoredPassage>> {
    return await this.#searched.read(`read ${ids.length} passages`, async (table) => {
      // What fails there fails in the look by ids, too, or does no harm.
      const beside = await this.#kept.passagesNear(table, ids, near).catch(() => []);
      const found = new Map(beside.map((passage) => [passage.id, passage]));
      const others = ids.filter((id) => !found.has(id));
      if (others.length === 0) return found;
      const query = () => table.query().where(isOneOf('id', others));
      for (const passage of await this.#kept.passages(table, query)) found.set(passage.id, passage);
      return found;
    });
  }

  async needsUpkeep(): Promise<boolean> {
    const state = await this.#table.read('be looked at', tableState);
    const idle = this.#watch.isIdle(state);
    const asked = await this.#asked.isRecent();
    const littered = await this.#litter.isDue(state.fragments);
    const growing = this.#watch.isGrowing;
    return idle || planUpkeep(state, { growing, asked, littered }).length > 0;
  }

  async maintain(signal: AbortSignal): Promise<Upkeep> {
    const { folder } = this.#database;
    const asked = await this.#asked.isRecent();
    const order = { folder, table: this.#table.name, growing: this.#watch.isGrowing, asked };
    try {
      const upkeep = await this.#table.read('be maintained', () => runUpkeep(order, signal));
      this.#upkeepFailure = null;
      this.#litter.tended();
      return upkeep;
    } catch (error) {
      if (!signal.aborted) this.#upkeepFailure = toScriptoriumError(error).message;
      throw error;
    }
  }

  async health(): Promise<string> {
    const rows = await this.#table.read('be read', (table) => table.countRows());
    const waiting = await this.#searches.wordsWaiting();
    const trouble = this.#table.maintenanceFailure;
    return [
      `LanceDB in ${this.#database.folder}, ${rows} passages`,
      ...(waiting === 0 ? [] : [`the words of ${waiting} wait for upkeep`]),
      ...(trouble === null ? [] : [`not compacted: ${trouble}`]),
      ...(this.#upkeepFailure === null ? [] : [`its upkeep fails: ${this.#upkeepFailure}`]),
    ].join('; ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes.idle();
    await this.#asked.settled();
    this.#searched.close();
    this.#table.close();
  }

  async #commit(writes: readonly PointWrite[]): Promise<readonly number[]> {
    const upserts = writes.filter((write) => write.kind === 'upsert');
    if (upserts.length > 0) return await this.#commitUpserts(upserts);
    return await this.#commitDeletions(writes.filter((write) => write.kind === 'delete'));
  }

  async #commitUpserts(writes: readonly Upsert[]): Promise<readonly number[]> {
    const points = lastOfEachId(writes.flatMap((write) => write.points));
    const rows = pointRows(points, this.#schema, this.#dimensions);
    await this.#table.commit(`write ${points.length} points`, async (table) => {
      const known = writes.filter((write) => !write.takeNew()).flatMap((write) => write.points);
      const copies = known.length === 0 ? new Map<string, bigint[]>() : await copiesOf(table, known);
      if (copies.size === 0) await this.#tally.append(table, points, () => table.add(rows));
      else await replaceCopies(table, rows, copies);
      return { result: null, committed: true };
    });
    return writes.map((write) => write.points.length);
  }

  async #commitDeletions(deletions: readonly Deletion[]): Promise<readonly number[]> {
    return await this.#table.commit(`delete from ${deletions.length} books`, async (table) => {
      const counts = await countsOf(table, new Set(deletions.map(({ bookId }) => bookId)));
      const result = deletions.map((deletion) => doomedRows(deletion, counts));
      const useful = deletions.filter((deletion) => doomedRows(deletion, counts) > 0);
      if (useful.length > 0) await table.delete(anyOf(useful.map(deletionFilter)));
      return { result, committed: useful.length > 0 };
    });
  }
}

/** Looked at in the moment of the commit: a process that was stopped on the way goes on long after. */
function onceBefore(untilMs: number): () => boolean {
  let taken = false;
  return () => {
    const first = !taken;
    taken = true;
    return first && Date.now() < untilMs;
  };
}

function bookIdsOf(points: readonly StoredPoint[]): ReadonlySet<string> {
  return new Set(points.map(({ bookId }) => bookId));
}

/** Two callers may write the same point in one commit; the later one wins, as if they had come one after the other. */
function lastOfEachId(points: readonly StoredPoint[]): readonly StoredPoint[] {
  return [...new Map(points.map((point) => [point.id, point])).values()];
}
