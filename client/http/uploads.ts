/**
 * Books that are sent: streamed to disk, looked at, and kept under a name made of their content, so that the same book sent
 * twice is one book, and two books of one name are two. Nothing of an upload that broke off stays.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { ScriptoriumError, toScriptoriumError } from '../../activities/errors.ts';
import { untilAborted } from '../until-aborted.ts';
import { makeFolder } from './durable-folder.ts';
import { IncomingFolder } from './incoming-folder.ts';
import { KeptFiles } from './kept-files.ts';
import { MAX_FILES, type UploadLimits } from './limits.ts';
import { OpenStreams } from './streams.ts';
import { UploadWatch } from './upload-watch.ts';

export interface UploadOptions {
  /** Folder of ours; it is made. */
  readonly folder: string;
  readonly limits: UploadLimits;
  /**
   * The format of a file by its content.
   * @throws ScriptoriumError UNSUPPORTED_FORMAT, EMPTY_FILE, CORRUPT_FILE, ENCRYPTED, UNSAFE_ARCHIVE
   */
  sniff(path: string): Promise<string>;
}

/** Names end in one of these, so that whoever looks at the folder knows what lies there. */
const endings: Readonly<Record<string, readonly string[]>> = {
  pdf: ['.pdf'],
  epub: ['.epub'],
  docx: ['.docx'],
  html: ['.html', '.htm', '.xhtml'],
  markdown: ['.md', '.markdown'],
  text: ['.txt', '.text'],
};

interface Received {
  readonly name: string;
  /** Where it lies until it is kept. */
  readonly temporary: string;
  readonly sha256: string;
  readonly bytes: number;
}

export class UploadFolder implements AsyncDisposable {
  readonly #options: UploadOptions;
  readonly #incoming: IncomingFolder;
  readonly #kept = new KeptFiles();
  readonly #open: OpenStreams;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#open = new OpenStreams(options.limits.uploadsAtOnce, 'uploads');
    this.#incoming = new IncomingFolder(join(options.folder, '.incoming'));
  }

  /** Makes the folder, and drops what processes left there that were killed. */
  async open(): Promise<void> {
    await makeFolder(this.#options.folder);
    await this.#incoming.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#incoming[Symbol.asyncDispose]();
  }

  /**
   * Takes the files of a multipart request. Whatever is not kept is dropped with the upload.
   * @param asker whose uploads are counted
   * @throws ScriptoriumError INVALID_ARGUMENT, TOO_LARGE, RATE_LIMITED, REQUEST_TIMEOUT, DISK_FULL, and what `sniff` throws
   */
  async receive(request: FastifyRequest, library: string, asker: string): Promise<Upload> {
    return await this.#open.count(asker, async () => {
      const { folder, limits } = this.#options;
      using watch = new UploadWatch(request.raw, folder, limits);
      await watch.check();
      const upload = new Upload(join(folder, library), this.#kept);
      try {
        await untilAborted(this.#takeAll(request, upload, watch), watch.signal);
        return upload;
      } catch (error) {
        await upload[Symbol.asyncDispose]();
        throw isOfParser(error)
          ? new ScriptoriumError(
              'INVALID_ARGUMENT',
              `The upload is no whole multipart form: ${error.message}`,
            )
          : error;
      }
    });
  }

  async #takeAll(request: FastifyRequest, upload: Upload, watch: UploadWatch): Promise<void> {
    const { maxFileBytes } = this.#options.limits;
    const limits = { fileSize: maxFileBytes, files: MAX_FILES, fields: 0, parts: MAX_FILES };
    for await (const file of request.files({ limits })) upload.add(await this.#take(file, upload, watch));
    if (upload.files.length > 0) return;
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      'The upload has no file; send each as a part with a file name',
    );
  }

  async #take({ file, filename }: MultipartFile, upload: Upload, watch: UploadWatch): Promise<Received> {
    const { signal } = watch;
    signal.throwIfAborted();
    const shown = safeName(filename);
    // With its ending, by which formats of text are told apart.
    const ending = extname(shown).toLowerCase();
    const temporary = this.#incoming.newPath(ending);
    upload.mayLeave(temporary);
    const measured = new MeasuredBytes(watch);
    const written = createWriteStream(temporary, { mode: 0o600, flush: true });
    await pipeline(file, measured, written, { signal });
    const { maxFileBytes } = this.#options.limits;
    if (file.truncated)
      throw new ScriptoriumError('TOO_LARGE', `"${shown}" has more than ${maxFileBytes} bytes`);
    const format = await this.#format(temporary, shown);
    return { name: named(shown, format), temporary, ...measured.told };
  }

  /** What is wrong is told of the name that was sent: ours is nobody's business. */
  async #format(temporary: string, shown: string): Promise<string> {
    try {
      return await this.#options.sniff(temporary);
    } catch (error) {
      if (!(error instanceof ScriptoriumError)) throw error;
      throw new ScriptoriumError(error.code, error.message.replaceAll(temporary, shown), { cause: error });
    }
  }
}

/** Passes a file on, and knows its size and hash. */
class MeasuredBytes extends Transform {
  readonly #hash = createHash('sha256');
  readonly #watch: UploadWatch;
  #bytes = 0;

  constructor(watch: UploadWatch) {
    super();
    this.#watch = watch;
  }

  override _transform(data: Buffer, _: string, done: TransformCallback): void {
    this.#hash.update(data);
    this.#bytes += data.length;
    try {
      this.#watch.count(data.length);
      done(null, data);
    } catch (error) {
      done(toScriptoriumError(error));
    }
  }

  /** Once. */
  get told(): { readonly sha256: string; readonly bytes: number } {
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }
}

export class Upload implements AsyncDisposable {
  readonly #folder: string;
  readonly #files: KeptFiles;
  readonly #received: Received[] = [];
  readonly #temporary: string[] = [];
  readonly #kept: string[] = [];
  #isTaken = false;

  constructor(folder: string, files: KeptFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  /** What came, as the log may show it. */
  get files(): readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[] {
    return this.#received.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
  }

  add(received: Received): void {
    this.#received.push(received);
  }

  mayLeave(temporary: string): void {
    this.#temporary.push(temporary);
  }

  /** Moves the files to where they stay; they are on the disk, and not only in its cache. Gives their paths. */
  async keep(): Promise<readonly string[]> {
    for (const { name, temporary, sha256 } of this.#received) {
      const path = join(this.#folder, sha256.slice(0, 16), name);
      this.#kept.push(path);
      await this.#files.keep(temporary, path);
    }
    return [...new Set(this.#kept)];
  }

  /** From now on the files are somebody's, or may be. */
  taken(): void {
    this.#isTaken = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#temporary) await rm(path, { force: true });
    for (const path of this.#kept) await this.#files.release(path, this.#isTaken);
  }
}

/** The parser of forms throws plain errors; those of streams and disks have a code. */
function isOfParser(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof ScriptoriumError) && !('code' in error);
}

/** Longest name of a file, in UTF-16 units: file systems take 255 bytes. */
const MAX_NAME = 60;
/** Of what is sent as a name, of which the end counts: to clean a long one takes the square of its length. */
const LONGEST_SENT = 1_024;

/** The last part of whatever was sent as a name, without anything that a file system or a terminal takes for more than a letter. */
export function safeName(sent: string | undefined): string {
  const last = basename((sent ?? '').slice(-LONGEST_SENT).replaceAll('\\', '/'));
  const plain = last
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\:*?"<>|\uFFFD]+/gu, ' ')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  const ending = extname(plain).slice(0, 12);
  const stem = ending === '' ? plain : plain.slice(0, -extname(plain).length);
  return `${clipped(stem.trim()) || 'book'}${ending}`;
}

function clipped(stem: string): string {
  return stem.slice(0, MAX_NAME).replace(/[\uD800-\uDBFF]$/, '');
}

function named(name: string, format: string): string {
  const known = endings[format] ?? [];
  const [first = ''] = known;
  return known.includes(extname(name).toLowerCase()) ? name : `${name}${first}`;
}
