/** A folder of books with a catalog in memory, and the activities of a scan over them. */
import { FileArtifacts } from '../../activities/adapters/files/file-artifacts.ts';
import { bookIdOf } from '../../activities/naming.ts';
import { fingerprintOf, type Pipeline } from '../../activities/pipeline.ts';
import type { BookRecord } from '../../activities/ports/catalog.ts';
import type { SandboxLimits } from '../../activities/ports/documents.ts';
import { createScanActivities, type ScanInput } from '../../activities/scan.ts';
import { sha256OfFile, stateOfSource } from '../../activities/sources/source-file.ts';
import type { ManifestEntry, ScanResult } from '../../workflows/contract.ts';
import { type BookFolder, bookFolder } from './book-folder.ts';
import { MemoryCatalog, MemoryVectorStore } from './memory-stores.ts';
import { resultOf, runActivity } from './run-activity.ts';
import { tempFolder } from './temp-folder.ts';

export const pipeline: Pipeline = {
  ...{ extractor: 'e1', chunker: 'c1', chunking: { maxTokens: 256, overlapTokens: 32 } },
  ...{ tokenizerPath: '/tokenizer.json', embedderId: 'model', dimensions: 2 },
};

export const sandboxLimits: SandboxLimits = {
  ...{ maxFileBytes: 1e6, maxTextBytes: 1e6 },
  ...{ timeoutMs: 1_000, maxMemoryBytes: 1e9 },
};

export const limits = { maxOutageMs: 1e9 };

export interface Scanned extends ScanResult {
  readonly entries: readonly ManifestEntry[];
}

export class ScannedLibrary implements AsyncDisposable {
  readonly folder: BookFolder;
  readonly catalog = new MemoryCatalog();
  readonly store = new MemoryVectorStore();
  readonly artifacts: FileArtifacts;
  /** Ids of workflows that are said to run. */
  readonly runningIds = new Set<string>();
  readonly #artifactFolder: AsyncDisposable;
  #scans = 0;

  private constructor(folder: BookFolder, artifactFolder: AsyncDisposable & { path: string }) {
    this.folder = folder;
    this.#artifactFolder = artifactFolder;
    this.artifacts = new FileArtifacts(artifactFolder.path);
  }

  static async of(files: Readonly<Record<string, string>>): Promise<ScannedLibrary> {
    return new ScannedLibrary(await bookFolder(files), await tempFolder());
  }

  activities(changes: { pipeline?: Partial<Pipeline>; sandboxLimits?: Partial<SandboxLimits> } = {}) {
    const { catalog, store, artifacts } = this;
    return createScanActivities({
      ...{ catalog, store, artifacts, limits, roots: [], searchAttributes: false },
      pipeline: { ...pipeline, ...changes.pipeline },
      sandboxLimits: { ...sandboxLimits, ...changes.sandboxLimits },
      isBookName: (name) => /\.(txt|pdf)$/i.test(name),
      running: { isRunning: async (id) => this.runningIds.has(id), idsOf: async () => [...this.runningIds] },
    });
  }

  /** A scan of the folder, unless told otherwise, and what it wrote down. */
  async scan(input: Partial<ScanInput> = {}, activities = this.activities()): Promise<Scanned> {
    const given = { library: 'default', paths: [this.folder.path], ...input };
    const info = { activityId: String(++this.#scans) };
    const result = await resultOf(activities.scanLibrary, given, info);
    const page = { manifestKey: result.manifestKey, from: 0, limit: 1_000 };
    return { ...result, entries: await resultOf(activities.readManifest, page) };
  }

  /** Code with which a scan fails. */
  async scanFailure(input: Partial<ScanInput>): Promise<{ code: string; message: string }> {
    const given = { library: 'default', paths: [this.folder.path], ...input };
    const { failure } = await runActivity(this.activities().scanLibrary, given);
    return { code: failure?.type ?? '', message: failure?.message ?? '' };
  }

  idOf(name: string): string {
    return bookIdOf('default', this.folder.at(name));
  }

  /** Puts a book into the catalog as if it had been ingested as it is now. */
  async ingested(name: string, changes: Partial<BookRecord> = {}): Promise<BookRecord> {
    const path = this.folder.at(name);
    const source = await stateOfSource(path, []).catch(() => ({ bytes: 0, mtimeMs: 0 }));
    const sha256 = await sha256OfFile(path).catch(() => 'gone');
    const record: BookRecord = {
      ...{ bookId: this.idOf(name), library: 'default', path, title: name, author: null, format: 'text' },
      ...{ state: 'ingested', revision: 'r1', sha256, bytes: source.bytes, mtimeMs: source.mtimeMs },
      ...{ pipeline: fingerprintOf(pipeline), pages: 1, chunks: 1, artifacts: null, failure: null },
      ...{ workflowId: 'w', updatedAtMs: 1, ...changes },
    };
    await this.catalog.put(record);
    return record;
  }

  /** Puts a book into the catalog as if its ingestion had failed. */
  async failed(name: string, code: string, changes: Partial<BookRecord> = {}): Promise<BookRecord> {
    const failure = { stage: 'extract', code, message: `${name} failed`, attempts: 2 };
    return await this.ingested(name, { state: 'failed', failure, revision: null, ...changes });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.#artifactFolder[Symbol.asyncDispose]();
  }
}

/** Names of the books that a scan found work for. */
export function namesIn({ folder }: ScannedLibrary, { entries }: Scanned): string[] {
  return entries.map(({ path }) => path.replace(`${folder.path}/`, ''));
}
