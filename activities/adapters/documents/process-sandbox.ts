import type {
  Chunk,
  ChunkOptions,
  ChunkPlace,
  DocumentLimits,
  DocumentSandbox,
  OpenDocument,
  PageText,
  SandboxLimits,
} from '../../ports/documents.ts';
import { ProcessPool } from './sandbox/process-pool.ts';
import { chunksSchema, nothingSchema } from './sandbox/protocol.ts';
import { openSandboxed } from './sandbox/sandboxed-document.ts';

export interface ProcessSandboxOptions {
  /** Most sandbox processes at once. Each open document and each `chunk` in progress holds one. */
  readonly processes: number;
  readonly limits: SandboxLimits;
  /** Ends a process that had nothing to do for so many milliseconds. Default 30 s. */
  readonly idleMs?: number;
  /** Replaces a process after so many documents, each read or cut. Default 1,000. */
  readonly documentsPerProcess?: number;
  /** True while other work has the cores: no further process is started then. Default: never. */
  readonly coresAreBusy?: () => boolean;
}

const IDLE_MS = 30_000;
/**
 * Whatever an engine leaks. PDFium grew to 600 MB over 235 PDFs: the limit on memory after a document replaces it long
 * before. A process takes half a second of a core to start, so that short books would wait for little else.
 */
const DOCUMENTS_PER_PROCESS = 1_000;
/** Part of the memory limit that a process may keep between two documents. */
const SOFT_SHARE = 0.4;
/** Text sent to be cut at once, in UTF-16 units: about 50 pages. */
const CHARACTERS_PER_PUSH = 150_000;

/** Reads and cuts documents in child processes, which are killed when they break a limit. */
export class ProcessSandbox implements DocumentSandbox {
  readonly #pool: ProcessPool;
  readonly #limits: DocumentLimits;

  constructor(options: ProcessSandboxOptions) {
    const { processes, limits, idleMs = IDLE_MS, documentsPerProcess = DOCUMENTS_PER_PROCESS } = options;
    const { coresAreBusy = () => false } = options;
    if (!(processes >= 1)) throw new RangeError(`processes must be at least 1, not ${processes}`);
    this.#limits = { maxFileBytes: limits.maxFileBytes, maxTextBytes: limits.maxTextBytes };
    const softMemoryBytes = limits.maxMemoryBytes * SOFT_SHARE;
    this.#pool = new ProcessPool({
      processes,
      limits,
      idleMs,
      coresAreBusy,
      maxLeases: documentsPerProcess,
      softMemoryBytes,
    });
  }

  async open(path: string, signal?: AbortSignal): Promise<OpenDocument> {
    const acquire = (options: { fresh: boolean }) => this.#pool.acquire(signal, options);
    return await openSandboxed({ path, limits: this.#limits, acquire });
  }

  async *chunk(
    units: AsyncIterable<PageText>,
    options: ChunkOptions,
    tokenizerPath: string,
    { signal, fresh = false }: ChunkPlace = {},
  ): AsyncIterable<readonly Chunk[]> {
    using lease = await this.#pool.acquire(signal, { fresh });
    const { process } = lease;
    await process.request({ kind: 'chunk-start', options, tokenizerPath }, nothingSchema);
    for await (const batch of batches(units)) {
      const chunks = await process.request({ kind: 'chunk-push', units: batch }, chunksSchema);
      if (chunks.length > 0) yield chunks;
    }
    const last = await process.request({ kind: 'chunk-finish' }, chunksSchema);
    if (last.length > 0) yield last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

type SentUnit = { index: number; page: number | null; section: string[]; text: string };

/** Units in lots of about the same size. */
async function* batches(units: AsyncIterable<PageText>): AsyncGenerator<SentUnit[]> {
  let batch: SentUnit[] = [];
  let characters = 0;
  for await (const unit of units) {
    batch.push({ ...unit, section: [...unit.section] });
    characters += unit.text.length;
    if (characters < CHARACTERS_PER_PUSH) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}
