import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl';
import { ScriptoriumError } from '../../../errors.ts';

/** More entries than any book has; listing millions is an attack by itself. */
const MAX_ENTRIES = 50_000;
/** Of names and what is written beside them, in all: the list is held in memory before anything is read. */
const MAX_LIST_BYTES = 16 << 20;
/** Deflate reaches 1032 : 1 on nothing but zeros; the text of books 3 to 20. */
const MAX_RATIO = 100;
/** Below this size a ratio says nothing. */
const RATIO_APPLIES_BYTES = 1 << 20;

/**
 * Reads single entries of an untrusted zip archive into memory, never to disk. Counts what really comes out, not
 * what the archive says.
 */
export class SafeZip implements Disposable {
  readonly path: string;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #maxTotalBytes: number;
  #inflated = 0;
  #deflated = 0;

  private constructor(
    path: string,
    zip: ZipFile,
    entries: ReadonlyMap<string, Entry>,
    maxTotalBytes: number,
  ) {
    this.path = path;
    this.#zip = zip;
    this.#entries = entries;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /**
   * Lists the archive.
   * @param maxTotalBytes most bytes that all entries read may expand to
   * @throws ScriptoriumError CORRUPT_FILE, UNSAFE_ARCHIVE
   */
  static async open(path: string, maxTotalBytes: number): Promise<SafeZip> {
    const zip = await openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false }).catch(
      corrupt(path),
    );
    try {
      return new SafeZip(path, zip, await listEntries(zip, path), maxTotalBytes);
    } catch (error) {
      zip.close();
      throw error instanceof ScriptoriumError ? error : corrupt(path)(error);
    }
  }

  /** Names of all entries, in the archive's order. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * The bytes of an entry; null when there is none of that name.
   * @throws ScriptoriumError UNSAFE_ARCHIVE, TOO_LARGE, ENCRYPTED, CORRUPT_FILE
   */
  async read(name: string): Promise<Buffer | null> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    if (entry.isEncrypted())
      throw new ScriptoriumError('ENCRYPTED', `"${name}" in "${this.path}" is encrypted.`);
    try {
      return await this.#inflate(entry);
    } catch (error) {
      throw error instanceof ScriptoriumError ? error : corrupt(this.path)(error);
    }
  }

  [Symbol.dispose](): void {
    this.#zip.close();
  }

  async #inflate(entry: Entry): Promise<Buffer> {
    this.#deflated += entry.compressedSize;
    const parts: Buffer[] = [];
    for await (const part of await this.#zip.openReadStreamPromise(entry)) {
      if (!Buffer.isBuffer(part)) throw new TypeError('A zip stream gives buffers.');
      this.#inflated += part.length;
      this.#checkExpansion();
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  #checkExpansion(): void {
    const bytes = this.#inflated;
    if (bytes > RATIO_APPLIES_BYTES && bytes > MAX_RATIO * this.#deflated) {
      throw new ScriptoriumError(
        'UNSAFE_ARCHIVE',
        `"${this.path}" expands to over ${MAX_RATIO} times its size.`,
      );
    }
    if (bytes > this.#maxTotalBytes) {
      throw new ScriptoriumError(
        'TOO_LARGE',
        `The text of "${this.path}" is larger than ${this.#maxTotalBytes} bytes.`,
      );
    }
  }
}

async function listEntries(zip: ZipFile, path: string): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) throw unsafe(path, `has ${zip.entryCount} entries`);
  const entries = new Map<string, Entry>();
  let listed = 0;
  for await (const entry of zip.eachEntry()) {
    listed += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (listed > MAX_LIST_BYTES) throw unsafe(path, 'has a list of files without end');
    const name = getFileNameLowLevel(
      entry.generalPurposeBitFlag,
      entry.fileNameRaw,
      entry.extraFields,
      false,
    );
    if (validateFileName(name) !== null) throw unsafe(path, `names a file outside itself: "${name}"`);
    entries.set(name, entry);
  }
  return entries;
}

function unsafe(path: string, what: string): ScriptoriumError {
  return new ScriptoriumError('UNSAFE_ARCHIVE', `"${path}" ${what}.`);
}

/** What the system could not do is no fault of the archive: it goes on as it is, and is named by whoever reads books. */
function corrupt(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error && 'syscall' in error) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScriptoriumError('CORRUPT_FILE', `"${path}" is no archive that can be read: ${reason}.`, {
      cause: error,
    });
  };
}
