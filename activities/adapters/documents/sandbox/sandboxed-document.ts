import { ScriptoriumError } from '../../../errors.ts';
import type { DocumentLimits, DocumentMeta, OpenDocument, PageText } from '../../../ports/documents.ts';
import { metaSchema, nothingSchema, unitsSchema } from './protocol.ts';
import type { SandboxProcess } from './sandbox-process.ts';

/** A process that is lent until it is disposed. */
export interface LentProcess extends Disposable {
  readonly process: Pick<SandboxProcess, 'request' | 'kill' | 'alive' | 'busy'>;
  /** Whether no other document was read or cut in it before. */
  readonly isFresh: boolean;
}

export interface DocumentSource {
  readonly path: string;
  readonly limits: DocumentLimits;
  /** Lends a process, one that nobody used before where `fresh`. */
  readonly acquire: (options: { readonly fresh: boolean }) => Promise<LentProcess>;
}

/**
 * Memory that others left in a process, or that the pages before left, is no fault of what is read now: it is read again in a
 * process of its own, and only what is too large for that is refused.
 */
export async function openSandboxed(source: DocumentSource): Promise<OpenDocument> {
  const { meta, lease } = await opened(source, { fresh: false });
  return new SandboxedDocument(source, meta, lease);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof ScriptoriumError && error.code === 'EXTRACTION_OUT_OF_MEMORY';
}

async function opened(
  source: DocumentSource,
  { fresh }: { readonly fresh: boolean },
): Promise<{ meta: DocumentMeta; lease: LentProcess }> {
  const { path, limits } = source;
  const lease = await source.acquire({ fresh });
  try {
    return { meta: await lease.process.request({ kind: 'open', path, limits }, metaSchema), lease };
  } catch (error) {
    lease[Symbol.dispose]();
    if (lease.isFresh || !isOutOfMemory(error)) throw error;
  }
  return await opened(source, { fresh: true });
}

class SandboxedDocument implements OpenDocument {
  readonly meta: DocumentMeta;
  readonly #source: DocumentSource;
  #lease: LentProcess;
  #hasRead = false;

  constructor(source: DocumentSource, meta: DocumentMeta, lease: LentProcess) {
    this.meta = meta;
    this.#source = source;
    this.#lease = lease;
  }

  async read(from: number, to: number): Promise<readonly PageText[]> {
    try {
      return await this.#read(from, to);
    } catch (error) {
      const hadAll = this.#lease.isFresh && !this.#hasRead;
      if (hadAll || !isOutOfMemory(error)) throw error;
    }
    this.#lease[Symbol.dispose]();
    const { lease } = await opened(this.#source, { fresh: true });
    this.#lease = lease;
    return await this.#read(from, to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using lease = this.#lease;
    const { process } = lease;
    if (!process.alive || process.busy) return;
    // A process that cannot even close is replaced; the book has been read.
    await process.request({ kind: 'close' }, nothingSchema).catch((error) => process.kill(error));
  }

  async #read(from: number, to: number): Promise<readonly PageText[]> {
    const pages = await this.#lease.process.request({ kind: 'read', from, to }, unitsSchema);
    this.#hasRead = true;
    return pages;
  }
}
