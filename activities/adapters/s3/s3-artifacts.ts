/** Artifacts in a bucket of S3, which any number of machines share. See `object-names.ts` for how they lie there. */
import { hashOf } from '../../naming.ts';
import type {
  ArtifactReader,
  ArtifactStore,
  ArtifactWriter,
  ListedArtifact,
} from '../../ports/artifact-store.ts';
import { placeOf } from '../files/artifact-files.ts';
import { damaged, readRecords, readTrailer, type Trailer } from '../files/record-log.ts';
import { type BucketOptions, S3Bucket } from './bucket.ts';
import { ObjectBytes } from './object-bytes.ts';
import { artifactsAmong, partsFolder } from './object-names.ts';
import { PartWriter } from './part-writer.ts';

/** Asked for at once: few requests, and little memory for each reader. */
const BLOCK_BYTES = 1024 * 1024;

export class S3Artifacts implements ArtifactStore, Disposable {
  readonly #bucket: S3Bucket;

  private constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** @throws ScriptoriumError ARTIFACTS_UNREACHABLE, ARTIFACTS_OVERLOADED, ARTIFACTS_DENIED, ARTIFACTS_REJECTED, as every method does */
  static async open(options: BucketOptions): Promise<S3Artifacts> {
    const bucket = new S3Bucket(options);
    try {
      await bucket.assertReadable();
      return new S3Artifacts(bucket);
    } catch (error) {
      bucket[Symbol.dispose]();
      throw error;
    }
  }

  async open(key: string): Promise<ArtifactReader | null> {
    const name = placeOf(key);
    const bytes = await ObjectBytes.open(this.#bucket, name);
    if (!bytes) return null;
    const trailer = await readTrailer(bytes, bytes.size);
    if (trailer) return new ObjectReader(this.#bucket, name, bytes, trailer);
    // Not whole, which no write of ours leaves: it is made again.
    await this.#bucket.remove(name);
    return null;
  }

  async create(key: string, owner: string, mode: 'resume' | 'fresh'): Promise<ArtifactWriter> {
    return await PartWriter.open(this.#bucket, {
      name: placeOf(key),
      folder: partsFolder(key, hashOf(owner)),
      mode,
    });
  }

  async remove(key: string): Promise<void> {
    await this.#bucket.remove(placeOf(key));
  }

  list(): AsyncIterable<ListedArtifact> {
    return artifactsAmong(this.#bucket.list());
  }

  async discard({ key, partialOf }: ListedArtifact): Promise<void> {
    if (partialOf === null) await this.#bucket.remove(placeOf(key));
    else await this.#bucket.removeAll(partsFolder(key, partialOf));
  }

  [Symbol.dispose](): void {
    this.#bucket[Symbol.dispose]();
  }
}

class ObjectReader implements ArtifactReader {
  readonly #bucket: S3Bucket;
  readonly #name: string;
  readonly #bytes: ObjectBytes;
  readonly records: number;
  readonly summary: unknown;

  constructor(bucket: S3Bucket, name: string, bytes: ObjectBytes, { records, summary }: Trailer) {
    this.#bucket = bucket;
    this.#name = name;
    this.#bytes = bytes;
    this.records = records;
    this.summary = summary;
  }

  async *read(from = 0): AsyncGenerator<Buffer> {
    let next = 0;
    for await (const { ordinal, payload } of readRecords(this.#bytes, this.#bytes.size, {
      blockBytes: BLOCK_BYTES,
    })) {
      next = ordinal + 1;
      if (ordinal >= from) yield payload;
    }
    if (next === this.records) return;
    await this.#bucket.remove(this.#name);
    throw damaged(this.#bucket.where + this.#name);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
