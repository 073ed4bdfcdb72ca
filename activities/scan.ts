/** Finds the books of a run and leaves out those that are ingested and unchanged. */
import { normalize } from 'node:path';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import type { BookFailure, ManifestEntry, ScanResult } from '../workflows/contract.ts';
import type { StageLimits } from './attempt.ts';
import { ScriptoriumError } from './errors.ts';
import { bookIdOf, hashOf } from './naming.ts';
import { fingerprintOf, type Pipeline } from './pipeline.ts';
import type { ArtifactStore, ArtifactWriter } from './ports/artifact-store.ts';
import type { BookRecord, Catalog } from './ports/catalog.ts';
import { failedRecord } from './records.ts';
import { sha256OfFile } from './sources/source-file.ts';
import { type Found, type FoundBook, walkSources } from './sources/walk.ts';
import { ingestStage, type StageContext } from './stage.ts';

export interface ScanPorts {
  readonly limits: StageLimits;
  readonly catalog: Catalog;
  readonly artifacts: ArtifactStore;
  readonly pipeline: Pipeline;
  /** Real paths that sources must lie in; no restriction when empty. */
  readonly roots: readonly string[];
  isBookName(name: string): boolean;
  /** Whether the namespace knows our search attributes; a run that sets unknown ones would be stuck. */
  readonly searchAttributes: boolean;
}

export interface ScanInput {
  readonly library: string;
  readonly paths: readonly string[];
}

export interface ManifestInput {
  readonly manifestKey: string;
  readonly from: number;
  readonly limit: number;
}

export type ScanActivities = ReturnType<typeof createScanActivities>;

export function createScanActivities(ports: ScanPorts) {
  return {
    /** @throws MODEL_MISMATCH, INVALID_ARGUMENT; a path that can't be ingested is listed in the result instead */
    scanLibrary: ingestStage(async (input: ScanInput, context): Promise<ScanResult> => {
      await pinLibrary(ports, input.library);
      return await new Scan(ports, input, context).run();
    }, ports.limits),
    readManifest: ingestStage(
      ({ manifestKey, from, limit }: ManifestInput) => readEntries(ports.artifacts, manifestKey, from, limit),
      ports.limits,
    ),
  };
}

/** The first run of a library pins its model; vectors of another one are refused. */
async function pinLibrary({ catalog, pipeline }: ScanPorts, library: string): Promise<void> {
  const pinned = await catalog.getLibrary(library);
  const { embedderId, dimensions } = pipeline;
  if (!pinned) await catalog.putLibrary({ library, embedderId, dimensions });
  else if (pinned.embedderId !== embedderId) {
    throw new ScriptoriumError(
      'MODEL_MISMATCH',
      `Library ${library} was embedded with ${pinned.embedderId}, and ${embedderId} is configured`,
    );
  }
}

/** Books compared with the catalog at once. */
const COMPARE_BATCH = 500;
/** Failures that a scan result lists; the catalog has them all. */
const LISTED = 100;

class Scan {
  readonly #ports: ScanPorts;
  readonly #input: ScanInput;
  readonly #context: StageContext;
  readonly #fingerprint: string;
  readonly #skipped = new Map<string, number>();
  readonly #failures: BookFailure[] = [];
  readonly #failing = new Set<string>();
  #looked = 0;
  #toIngest = 0;
  #unchanged = 0;
  #failed = 0;

  constructor(ports: ScanPorts, input: ScanInput, context: StageContext) {
    this.#ports = ports;
    this.#input = input;
    this.#context = context;
    this.#fingerprint = fingerprintOf(ports.pipeline);
  }

  async run(): Promise<ScanResult> {
    const { workflowId, runId } = workflowOf();
    const manifestKey = `manifests/${hashOf(workflowId, runId)}`;
    await using manifest = await this.#ports.artifacts.create(manifestKey, runId, 'fresh');
    let batch: FoundBook[] = [];
    for await (const found of walkSources(this.#input.paths, this.#ports)) {
      this.#context.signal.throwIfAborted();
      this.#context.progress(++this.#looked, null);
      if (found.kind === 'book') batch.push(found);
      else await this.#note(found);
      if (batch.length === COMPARE_BATCH) batch = await this.#compare(batch, manifest);
    }
    await this.#compare(batch, manifest);
    await this.#forgetMendedPaths();
    await manifest.commit({});
    const { toIngest, unchanged, failed } = this.#counts;
    return {
      manifestKey,
      toIngest,
      unchanged,
      failed,
      failures: this.#failures,
      skippedFiles: Object.fromEntries(this.#skipped),
      searchAttributes: this.#ports.searchAttributes,
    };
  }

  get #counts() {
    return { toIngest: this.#toIngest, unchanged: this.#unchanged, failed: this.#failed };
  }

  async #note(found: Exclude<Found, FoundBook>): Promise<void> {
    if (found.kind === 'skipped') {
      this.#skipped.set(found.ending, (this.#skipped.get(found.ending) ?? 0) + 1);
      return;
    }
    const { path, error } = found;
    const failure = {
      stage: 'scan',
      code: error.code,
      message: `${error.message}. ${error.remedy}`,
      attempts: 1,
    } as const;
    this.#failed += 1;
    this.#failing.add(path);
    if (this.#failures.length < LISTED) this.#failures.push({ path, ...failure });
    const book = {
      bookId: bookIdOf(this.#input.library, path),
      library: this.#input.library,
      path,
      bytes: 0,
    };
    const before = (await this.#ports.catalog.get([book.bookId])).get(book.bookId);
    await this.#ports.catalog.put(failedRecord(book, failure, before, workflowOf().workflowId));
  }

  /** Writes the changed books of a batch to the manifest; resolves to the next, empty, batch. */
  async #compare(batch: readonly FoundBook[], manifest: ArtifactWriter): Promise<FoundBook[]> {
    const ids = batch.map((book) => bookIdOf(this.#input.library, book.path));
    const records = await this.#ports.catalog.get(ids);
    const entries: ManifestEntry[] = [];
    for (const [index, book] of batch.entries()) {
      const bookId = ids[index] ?? '';
      if (await this.#isUnchanged(book, records.get(bookId))) this.#unchanged += 1;
      else entries.push({ bookId, path: book.path, bytes: book.bytes });
    }
    this.#toIngest += entries.length;
    await manifest.append(entries.map((entry) => Buffer.from(JSON.stringify(entry))));
    return [];
  }

  /** Same size and time, or else the same content: a touched file is not a changed one. */
  async #isUnchanged(book: FoundBook, record: BookRecord | undefined): Promise<boolean> {
    if (record?.state !== 'ingested' || record.pipeline !== this.#fingerprint || record.bytes !== book.bytes)
      return false;
    if (record.mtimeMs === book.mtimeMs) return true;
    const sha256 = await sha256OfFile(book.path, this.#context.signal).catch(() => null);
    if (sha256 !== record.sha256) return false;
    await this.#ports.catalog.put({ ...record, mtimeMs: book.mtimeMs });
    return true;
  }

  /** A folder or missing path that failed before and is fine now is no book, so no ingestion would clear its record. */
  async #forgetMendedPaths(): Promise<void> {
    const mended = this.#input.paths
      .map((path) => normalize(path))
      .filter((path) => !this.#failing.has(path))
      .map((path) => bookIdOf(this.#input.library, path));
    const records = await this.#ports.catalog.get(mended);
    const stale = [...records.values()].filter(
      (record) => record.failure?.stage === 'scan' && record.revision === null,
    );
    if (stale.length > 0) await this.#ports.catalog.remove(stale.map((record) => record.bookId));
  }
}

function workflowOf(): { workflowId: string; runId: string } {
  const execution = Context.current().info.workflowExecution;
  if (!execution) throw new Error('a scan runs within a workflow');
  return execution;
}

const manifestEntry = z.object({ bookId: z.string(), path: z.string(), bytes: z.number() });

async function readEntries(
  artifacts: ArtifactStore,
  key: string,
  from: number,
  limit: number,
): Promise<ManifestEntry[]> {
  await using reader = await artifacts.open(key);
  if (!reader) throw new ScriptoriumError('ARTIFACT_CORRUPT', `The list of books ${key} is gone`);
  const entries: ManifestEntry[] = [];
  for await (const record of reader.read(from)) {
    entries.push(manifestEntry.parse(JSON.parse(record.toString())));
    if (entries.length === limit) break;
  }
  return entries;
}
