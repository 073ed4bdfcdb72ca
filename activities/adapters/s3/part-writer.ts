/**
 * An artifact that is being written. Every checkpoint is an object; `commit` makes one object of them all, which is there
 * from one moment to the next, and drops the parts. No multipart upload: nothing invisible is left behind by a crash.
 */
import { Readable } from 'node:stream';
import type { ArtifactWriter } from '../../ports/artifact-store.ts';
import { type ByteSource, damaged, encodeRecord, encodeTrailer, readRecords } from '../files/record-log.ts';
import type { S3Bucket } from './bucket.ts';
import { chainOf, type Part, partName } from './object-names.ts';

/** Smaller artifacts stay in memory until they are committed; nearly every book's are. */
const HELD_BYTES = 4 * 1024 * 1024;
/** What nobody will resume is written in larger steps. */
const STEP_BYTES = 4 * 1024 * 1024;

export interface PartWriterOptions {
  /** Of the finished artifact. */
  readonly name: string;
  /** What the names of the parts begin with. */
  readonly folder: string;
  /** `fresh` begins anew and keeps small artifacts out of parts: the next attempt would begin anew as well. */
  readonly mode: 'resume' | 'fresh';
}

export class PartWriter implements ArtifactWriter {
  readonly #bucket: S3Bucket;
  readonly #options: PartWriterOptions;
  readonly #parts: Part[];
  /** Content of parts by their names, while all of it is small. */
  readonly #held = new Map<string, Buffer>();
  /** Records that are in no part yet. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #partBytes: number;
  #records: number;

  private constructor(bucket: S3Bucket, options: PartWriterOptions, parts: Part[]) {
    this.#bucket = bucket;
    this.#options = options;
    this.#parts = parts;
    this.#partBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#records = parts.at(-1)?.end ?? 0;
  }

  /** Goes on behind the parts that an earlier attempt of the same owner left, wherever it ran. */
  static async open(bucket: S3Bucket, options: PartWriterOptions): Promise<PartWriter> {
    const { folder, mode } = options;
    if (mode === 'fresh') await bucket.removeAll(folder);
    const parts = mode === 'fresh' ? [] : chainOf(await Array.fromAsync(bucket.list(folder)));
    return new PartWriter(bucket, options, parts);
  }

  get records(): number {
    return this.#records;
  }

  async append(records: readonly Uint8Array[]): Promise<void> {
    for (const payload of records) this.#add(encodeRecord(this.#records++, payload));
    const step = this.#options.mode === 'fresh' ? STEP_BYTES : 1;
    if (this.#pendingBytes >= step) await this.#flush();
  }

  async *read(from = 0): AsyncGenerator<Buffer> {
    for (const part of this.#parts)
      if (part.end > from) yield* payloads(await this.#contentOf(part), part.first, from);
    const flushed = this.#parts.at(-1)?.end ?? 0;
    yield* payloads(Buffer.concat(this.#pending), flushed, from);
  }

  async commit(summary: unknown): Promise<void> {
    this.#add(encodeTrailer({ records: this.#records, summary }));
    const bytes = this.#partBytes + this.#pendingBytes;
    const body = bytes <= HELD_BYTES ? await this.#whole() : Readable.from(this.#contents());
    await this.#bucket.write(this.#options.name, body, bytes);
    if (this.#parts.length > 0) await this.#bucket.removeAll(this.#options.folder);
  }

  /** The parts stay for the next attempt. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #add(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
  }

  async #flush(): Promise<void> {
    const content = Buffer.concat(this.#pending);
    const first = this.#parts.at(-1)?.end ?? 0;
    const name = partName(this.#options.folder, first, this.#records);
    await this.#bucket.write(name, content, content.byteLength);
    this.#parts.push({ name, first, end: this.#records, bytes: content.byteLength });
    this.#partBytes += content.byteLength;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#held.set(name, content);
    if (this.#partBytes > HELD_BYTES) this.#held.clear();
  }

  async #whole(): Promise<Buffer> {
    return Buffer.concat(await Array.fromAsync(this.#contents()));
  }

  async *#contents(): AsyncGenerator<Buffer> {
    for (const part of this.#parts) yield await this.#contentOf(part);
    yield* this.#pending;
  }

  /** @throws ScriptoriumError ARTIFACT_CORRUPT when a part is gone or damaged: all of them are dropped */
  async #contentOf(part: Part): Promise<Buffer> {
    const held = this.#held.get(part.name);
    if (held) return held;
    const content = await this.#bucket.readWhole(part.name);
    if (content && (await isWhole(content, part))) return content;
    await this.#bucket.removeAll(this.#options.folder);
    throw damaged(this.#bucket.where + part.name);
  }
}

async function isWhole(content: Buffer, { first, end }: Part): Promise<boolean> {
  let next = first;
  for await (const { ordinal } of readRecords(bytesIn(content), content.byteLength, { first }))
    next = ordinal + 1;
  return next === end;
}

async function* payloads(content: Buffer, first: number, from: number): AsyncGenerator<Buffer> {
  for await (const { ordinal, payload } of readRecords(bytesIn(content), content.byteLength, { first }))
    if (ordinal >= from) yield payload;
}

function bytesIn(content: Buffer): ByteSource {
  return { read: async (position, length) => content.subarray(position, position + length) };
}
