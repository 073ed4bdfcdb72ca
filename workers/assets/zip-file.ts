import type { Readable } from 'node:stream';
import { type Entry, open, type ZipFile } from 'yauzl';

/** A zip file whose entries are read by name. */
export class NamedZip implements AsyncDisposable {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  read(name: string): Promise<Readable> {
    const entry = this.#entries.get(name);
    if (!entry) return Promise.reject(new Error(`the archive holds no ${name}`));
    return new Promise((resolve, reject) => {
      this.#zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#zip.close();
  }
}

export function openZip(path: string): Promise<NamedZip> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: false, autoClose: false }, (error, zip) => {
      if (error) return reject(error);
      const entries = new Map<string, Entry>();
      zip.on('entry', (entry: Entry) => entries.set(entry.fileName, entry));
      zip.on('error', reject);
      zip.on('end', () => resolve(new NamedZip(zip, entries)));
    });
  });
}
