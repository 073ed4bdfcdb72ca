import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessSandbox } from '../../../activities/adapters/documents/process-sandbox.ts';
import type { DocumentMeta, PageText } from '../../../activities/ports/documents.ts';

const MB = 2 ** 20;
const limits = {
  maxFileBytes: 64 * MB,
  maxTextBytes: 16 * MB,
  timeoutMs: 20_000,
  maxMemoryBytes: 512 * MB,
};

export interface ReadBook {
  readonly path: string;
  readonly meta: DocumentMeta;
  readonly units: readonly PageText[];
}

/** Writes books into a folder of its own and reads them through a real sandbox. */
export class BookReader implements AsyncDisposable {
  readonly sandbox = new ProcessSandbox({ processes: 1, limits });
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<BookReader> {
    return new BookReader(await mkdtemp(join(tmpdir(), 'documents-')));
  }

  async read(name: string, content: string | Buffer): Promise<ReadBook> {
    const path = join(this.#folder, name);
    await writeFile(path, content);
    await using document = await this.sandbox.open(path);
    return { path, meta: document.meta, units: await document.read(0, document.meta.units) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }
}

export const trails = ({ units }: ReadBook) => units.map((unit) => unit.section.join(' > '));
export const texts = ({ units }: ReadBook) => units.map((unit) => unit.text);
