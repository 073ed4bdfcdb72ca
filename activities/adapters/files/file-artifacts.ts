/** Artifacts as files in a folder: `<kind>/<first two digits>/<hash>`, and beside them what is being written. */
import { constants, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashOf } from '../../naming.ts';
import type {
  ArtifactReader,
  ArtifactStore,
  ArtifactWriter,
  ListedArtifact,
} from '../../ports/artifact-store.ts';
import { listArtifactFiles, placeOf } from './artifact-files.ts';
import {
  bytesOfFile,
  damaged,
  encodeRecord,
  encodeTrailer,
  readRecords,
  readTrailer,
  type Trailer,
} from './record-log.ts';

export class FileArtifacts implements ArtifactStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(key: string): Promise<ArtifactReader | null> {
    const path = this.#pathOf(key);
    const file = await openIfThere(path);
    if (!file) return null;
    const { size } = await file.stat();
    const trailer = await readTrailer(bytesOfFile(file), size);
    if (trailer) return new FileReader(file, path, size, trailer);
    // Not whole, which a rename never leaves: the disk lost it. It is made again.
    await file.close();
    await rm(path, { force: true });
    return null;
  }

  async create(key: string, owner: string, mode: 'resume' | 'fresh'): Promise<ArtifactWriter> {
    const path = this.#pathOf(key);
    const partial = `${path}.${hashOf(owner)}.partial`;
    if (mode === 'fresh') await rm(partial, { force: true });
    const file = await openForWriting(partial);
    try {
      return await FileWriter.resume(file, partial, path);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  list(): AsyncIterable<ListedArtifact> {
    return listArtifactFiles(this.#folder);
  }

  async discard({ key, partialOf }: ListedArtifact): Promise<void> {
    const path = this.#pathOf(key);
    await rm(partialOf === null ? path : `${path}.${partialOf}.partial`, { force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, placeOf(key));
  }
}

class FileReader implements ArtifactReader {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #size: number;
  readonly records: number;
  readonly summary: unknown;

  constructor(file: FileHandle, path: string, size: number, { records, summary }: Trailer) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.records = records;
    this.summary = summary;
  }

  async *read(from = 0): AsyncGenerator<Buffer> {
    let next = 0;
    for await (const { ordinal, payload } of readRecords(bytesOfFile(this.#file), this.#size)) {
      next = ordinal + 1;
      if (ordinal >= from) yield payload;
    }
    if (next === this.records) return;
    await rm(this.#path, { force: true });
    throw damaged(this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

class FileWriter implements ArtifactWriter {
  readonly #file: FileHandle;
  readonly #partial: string;
  readonly #path: string;
  #position: number;
  #records: number;
  #open = true;

  private constructor(
    file: FileHandle,
    partial: string,
    path: string,
    at: { position: number; records: number },
  ) {
    this.#file = file;
    this.#partial = partial;
    this.#path = path;
    this.#position = at.position;
    this.#records = at.records;
  }

  /** Finds the last whole record and cuts off what is behind it. */
  static async resume(file: FileHandle, partial: string, path: string): Promise<FileWriter> {
    let position = 0;
    let records = 0;
    const { size } = await file.stat();
    for await (const record of readRecords(bytesOfFile(file), size)) {
      position = record.end;
      records = record.ordinal + 1;
    }
    if (size > position) await file.truncate(position);
    return new FileWriter(file, partial, path, { position, records });
  }

  get records(): number {
    return this.#records;
  }

  async append(records: readonly Uint8Array[]): Promise<void> {
    const bytes = Buffer.concat(
      records.map((payload, index) => encodeRecord(this.#records + index, payload)),
    );
    await this.#write(bytes);
    this.#records += records.length;
  }

  async *read(from = 0): AsyncGenerator<Buffer> {
    for await (const { ordinal, payload } of readRecords(bytesOfFile(this.#file), this.#position))
      if (ordinal >= from) yield payload;
  }

  async commit(summary: unknown): Promise<void> {
    await this.#write(encodeTrailer({ records: this.#records, summary }));
    await this.#file.sync();
    await this.#close();
    await rename(this.#partial, this.#path);
    await syncFolder(dirname(this.#path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #write(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        written,
        bytes.byteLength - written,
        this.#position + written,
      );
      written += bytesWritten;
    }
    this.#position += bytes.byteLength;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** To read and to write at any place; it is made when it is not there, and its folder with it. */
async function openForWriting(path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  try {
    return await open(path, flags);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    return await open(path, flags);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** So that the new name, too, survives a power cut. Windows can't sync folders, and needs not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
