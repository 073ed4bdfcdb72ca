import { type ByteSource, damaged } from '../files/record-log.ts';
import type { ReadBytes, S3Bucket } from './bucket.ts';

/** One request brings the trailer of any artifact, and the whole of a small one. */
const TAIL_BYTES = 16 * 1024;

/** The bytes of one object, by ranges: a reader that takes its time holds no connection open. */
export class ObjectBytes implements ByteSource {
  readonly size: number;
  readonly #bucket: S3Bucket;
  readonly #name: string;
  readonly #tail: ReadBytes;

  private constructor(bucket: S3Bucket, name: string, tail: ReadBytes) {
    this.size = tail.size;
    this.#bucket = bucket;
    this.#name = name;
    this.#tail = tail;
  }

  /** Null when there is no such object, or nothing in it. */
  static async open(bucket: S3Bucket, name: string): Promise<ObjectBytes | null> {
    const tail = await bucket.read(name, { last: TAIL_BYTES });
    return tail && new ObjectBytes(bucket, name, tail);
  }

  /** @throws ScriptoriumError ARTIFACT_CORRUPT when it is gone by now, or another one of that name is there */
  async read(position: number, length: number): Promise<Buffer> {
    const { bytes, size, etag } = this.#tail;
    const from = position - (size - bytes.byteLength);
    if (from >= 0) return bytes.subarray(from, from + length);
    const found = await this.#bucket.read(this.#name, { from: position, length, etag });
    if (!found) throw damaged(this.#bucket.where + this.#name);
    return found.bytes;
  }
}
