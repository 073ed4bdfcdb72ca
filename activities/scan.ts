/** Finds the books of a run and leaves out those that are ingested and unchanged, and those that would fail again. */
import { extname } from 'node:path';
import { Context } from '@temporalio/activity';
import type { BookFailure, ManifestEntry, ScanResult } from '../workflows/contract.ts';
import type { StageLimits } from './attempt.ts';
import { eachRecord } from './each-record.ts';
import { attemptFingerprintOf, knownFailure } from './failed-before.ts';
import { requireModel } from './library-model.ts';
import { type FindInput, findEntries, type ManifestInput, manifestRecord, readEntries } from './manifest.ts';
import { bookIdOf, hashOf } from './naming.ts';
import { fingerprintOf, type Pipeline } from './pipeline.ts';
import type { ArtifactStore, ArtifactWriter } from './ports/artifact-store.ts';
import type { BookRecord, Catalog, FailureRecord } from './ports/catalog.ts';
import type { SandboxLimits } from './ports/documents.ts';
import type { VectorStore } from './ports/vector-store.ts';
import { goneBooks, notAtWork, removeBooks } from './prune.ts';
import { failedRecord, stageOf } from './records.ts';
import { pathsToRetry } from './retry-paths.ts';
import type { RunningWorkflows } from './running.ts';
import { SkippedFiles } from './skipped-files.ts';
import { PathSet } from './sources/below.ts';
import { stateOfSource } from './sources/source-file.ts';
import { type Found, type FoundBook, walkSources } from './sources/walk.ts';
import { ingestStage, MAX_MESSAGE, type StageContext } from './stage.ts';
import { clip } from './text/clip.ts';
import { isUnchanged } from './unchanged.ts';

export interface ScanPorts {
  readonly limits: StageLimits;
  readonly catalog: Catalog;
  readonly store: VectorStore;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
  readonly sandboxLimits: SandboxLimits;
  /** Real paths that sources must lie in; no restriction when empty. */
  readonly roots: readonly string[];
  isBookName(name: string): boolean;
  /** Whether the namespace knows our search attributes; a run that sets unknown ones would be stuck. */
  readonly searchAttributes: boolean;
  /** A child of a run that was terminated goes on: a book that it works on is not pruned. */
  readonly running: RunningWorkflows;
}

export interface ScanInput {
  readonly library: string;
  /** Absolute paths of files and folders. */
  readonly paths?: readonly string[] | undefined;
  /** Instead of walking the paths: the failed books of the library; see `RetryInput`. */
  readonly retry?: 'failed' | 'all' | undefined;
  readonly sinceMs?: number | undefined;
  /** Ids of books that are being tried already. */
  readonly except?: readonly string[] | undefined;
  /** Removes the books below the paths whose source is gone. */
  readonly prune?: boolean | undefined;
  /** Prunes however many would go. */
  readonly force?: boolean | undefined;
}

export interface CheckInput {
  readonly library: string;
  readonly bookId: string;
  readonly path: string;
}

export type ScanActivities = ReturnType<typeof createScanActivities>;

export function createScanActivities(ports: ScanPorts) {
  return {
    /** @throws MODEL_MISMATCH, INVALID_ARGUMENT, PRUNE_REFUSED; a path that can't be ingested is listed in the result instead */
    scanLibrary: ingestStage(async (input: ScanInput, context): Promise<ScanResult> => {
      await pinLibrary(ports, input.library);
      return await new Scan(ports, input, context).run();
    }, ports.limits),
    readManifest: ingestStage((input: ManifestInput) => readEntries(ports.artifacts, input), ports.limits),
    findInManifest: ingestStage(
      (input: FindInput, context) => findEntries(ports.artifacts, input, context),
      ports.limits,
    ),
    /** Whether the catalog holds the file as it is now, ingested under this pipeline. */
    checkBook: ingestStage((input: CheckInput, context) => isIngested(ports, input, context), ports.limits),
  };
}

async function isIngested(ports: ScanPorts, { bookId, path }: CheckInput, { signal }: StageContext) {
  const { catalog, roots } = ports;
  const record = (await catalog.get([bookId])).get(bookId);
  const source = await stateOfSource(path, roots).catch(() => null);
  if (source === null) return false;
  return await isUnchanged({ ...source, path }, record, {
    ...{ catalog, signal },
    pipeline: fingerprintOf(ports.pipeline),
  });
}

/** The first run of a library pins its model; vectors of another one are refused. */
async function pinLibrary({ catalog, pipeline }: ScanPorts, library: string): Promise<void> {
  const pinned = await catalog.getLibrary(library);
  const { embedderId, dimensions } = pipeline;
  if (pinned) requireModel(pinned, embedderId);
  else await catalog.putLibrary({ library, embedderId, dimensions });
}

/** Books compared with the catalog at once. */
const COMPARE_BATCH = 500;
/** Failures that a scan result lists; the catalog has them all. */
const LISTED = 100;
/** Their paths and messages together, in UTF-16 units: a run shows no more of them (workflows/failure-list.ts). */
const LISTED_TEXT = 24_000;

class Scan {
  readonly #ports: ScanPorts;
  readonly #input: ScanInput;
  readonly #context: StageContext;
  readonly #pipeline: string;
  readonly #attempt: string;
  readonly #skipped = new SkippedFiles();
  /** Bytes of the books to ingest, by ending. */
  readonly #formats = new Map<string, number>();
  readonly #failures: BookFailure[] = [];
  readonly #failing = new PathSet();
  #listedText = 0;
  #looked = 0;
  #toIngest = 0;
  #unchanged = 0;
  #failed = 0;

  constructor(ports: ScanPorts, input: ScanInput, context: StageContext) {
    this.#ports = ports;
    this.#input = input;
    this.#context = context;
    this.#pipeline = fingerprintOf(ports.pipeline);
    this.#attempt = attemptFingerprintOf(ports.pipeline, ports.sandboxLimits);
  }

  async run(): Promise<ScanResult> {
    const scannedAtMs = Date.now();
    const { workflowId, runId, activityId, attempt } = whereabouts();
    // A run may scan more than once; and an attempt that is taken for lost may yet finish a list, beside the one that is used.
    const manifestKey = `manifests/${hashOf(workflowId, runId, activityId, String(attempt))}`;
    const paths = await this.#sources();
    await using manifest = await this.#ports.artifacts.create(manifestKey, runId, 'fresh');
    await this.#walk(paths, manifest);
    const pruned = await this.#prune(paths);
    await this.#forgetMended(paths);
    await manifest.commit({});
    return {
      ...{ manifestKey, toIngest: this.#toIngest, unchanged: this.#unchanged, failed: this.#failed, pruned },
      failures: this.#failures,
      skippedFiles: this.#skipped.result(),
      formats: Object.fromEntries(this.#formats),
      searchAttributes: this.#ports.searchAttributes,
      scannedAtMs,
      ...(this.#input.retry && { retried: paths.length }),
    };
  }

  async #sources(): Promise<readonly string[]> {
    const { library, retry, sinceMs, paths, except } = this.#input;
    if (retry === undefined) return paths ?? [];
    const { catalog, roots } = this.#ports;
    const ports = { catalog, roots, attempt: this.#attempt };
    return await pathsToRetry(ports, { library, retry, sinceMs, paths, except });
  }

  async #walk(paths: readonly string[], manifest: ArtifactWriter): Promise<void> {
    let batch: FoundBook[] = [];
    for await (const found of walkSources(paths, this.#ports)) {
      this.#context.signal.throwIfAborted();
      this.#context.progress(++this.#looked, null);
      if (found.kind === 'book') batch.push(found);
      else await this.#note(found);
      if (batch.length === COMPARE_BATCH) batch = await this.#compare(batch, manifest);
    }
    await this.#compare(batch, manifest);
  }

  async #note(found: Exclude<Found, FoundBook>): Promise<void> {
    if (found.kind === 'skipped') {
      this.#skipped.add(found.ending);
      return;
    }
    const { path, error } = found;
    const message = `${clip(error.message, MAX_MESSAGE)}. ${error.remedy}`;
    const failure = { stage: 'scan', code: error.code, message, attempts: 1 } as const;
    this.#failing.add(path);
    this.#list(path, failure);
    const { library } = this.#input;
    const book = { bookId: bookIdOf(library, path), library, path, bytes: 0 };
    const before = (await this.#ports.catalog.get([book.bookId])).get(book.bookId);
    await this.#ports.catalog.put(failedRecord(book, failure, before, whereabouts().workflowId));
  }

  #list(path: string, { stage, code, message, attempts }: FailureRecord): void {
    this.#failed += 1;
    this.#listedText += path.length + message.length;
    if (this.#failures.length < LISTED && this.#listedText <= LISTED_TEXT)
      this.#failures.push({ path, stage: stageOf(stage), code, message, attempts });
  }

  /** Writes the books of a batch that need work to the manifest; resolves to the next, empty, batch. */
  async #compare(batch: readonly FoundBook[], manifest: ArtifactWriter): Promise<FoundBook[]> {
    const ids = batch.map((book) => bookIdOf(this.#input.library, book.path));
    const records = await this.#ports.catalog.get(ids);
    const entries: ManifestEntry[] = [];
    for (const [index, book] of batch.entries()) {
      const bookId = ids[index] ?? '';
      const record = records.get(bookId);
      if (await this.#isSettled(book, record)) continue;
      const isNew = (record?.revision ?? null) === null;
      entries.push({ ...this.#entryOf(book, bookId), ...(isNew && { isNew }) });
    }
    this.#toIngest += entries.length;
    await manifest.append(entries.map(manifestRecord));
    return [];
  }

  /** True for a book that there is nothing to do for: ingested as it is, or known to fail as it is. */
  async #isSettled(book: FoundBook, record: BookRecord | undefined): Promise<boolean> {
    const { retry } = this.#input;
    const known = retry === 'all' ? null : knownFailure(book, record, this.#attempt);
    if (known !== null) {
      if (retry === undefined) this.#list(book.path, known);
      return true;
    }
    const { catalog } = this.#ports;
    const signal = this.#context.signal;
    const unchanged = await isUnchanged(book, record, { catalog, pipeline: this.#pipeline, signal });
    if (unchanged) this.#unchanged += 1;
    return unchanged;
  }

  #entryOf({ path, bytes, mtimeMs }: FoundBook, bookId: string): ManifestEntry {
    const ending = extname(path).toLowerCase();
    this.#formats.set(ending, (this.#formats.get(ending) ?? 0) + bytes);
    return { bookId, path, bytes, mtimeMs };
  }

  async #prune(paths: readonly string[]): Promise<number> {
    const { library, retry, prune = false, force = false } = this.#input;
    if (!prune || retry !== undefined) return 0;
    const walked = { library, paths: new PathSet(paths), failing: this.#failing, force };
    const gone = await notAtWork(await goneBooks(this.#ports, walked), this.#ports.running);
    const { workflowId } = whereabouts();
    await removeBooks(this.#ports, gone, { workflowId, signal: this.#context.signal });
    return gone.length;
  }

  /** What failed to be found before and is fine now may be no book, so that no ingestion would clear its record. */
  async #forgetMended(paths: readonly string[]): Promise<void> {
    const { catalog } = this.#ports;
    const walked = new PathSet(paths);
    const mended: string[] = [];
    for await (const record of eachRecord(catalog, { library: this.#input.library, state: 'failed' })) {
      const { bookId, path, failure, revision } = record;
      const ofScan = failure?.stage === 'scan' && revision === null;
      if (ofScan && walked.covers(path) && !this.#failing.covers(path)) mended.push(bookId);
    }
    if (mended.length > 0) await catalog.remove(mended);
  }
}

interface Whereabouts {
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
  readonly attempt: number;
}

function whereabouts(): Whereabouts {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  if (!workflowExecution) throw new Error('a scan runs within a workflow');
  return { ...workflowExecution, activityId, attempt };
}
