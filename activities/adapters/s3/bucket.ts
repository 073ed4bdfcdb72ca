/** The few calls of S3 that artifacts need, with failures of the registry. Every server that speaks S3 has them. */
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import PQueue from 'p-queue';
import { isBehindEnd, isGone, s3Failure } from './failures.ts';
import type { ListedObject } from './object-names.ts';

export interface BucketOptions {
  readonly bucket: string;
  /** Before every name: empty, or with a slash at its end. */
  readonly prefix: string;
  /** Address of the server; default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's own. */
  readonly endpoint?: string | undefined;
  /** Default: AWS_REGION, or the profile's. */
  readonly region?: string | undefined;
  /** The bucket stands in the path, not in the host's name. */
  readonly pathStyle: boolean;
  /** Default: the SDK's chain of environment, profile, web identity and instance role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Longest silence of the server in one request, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ReadBytes {
  readonly bytes: Buffer;
  /** Of the whole object. */
  readonly size: number;
  readonly etag: string | undefined;
}

/** A range of bytes, or so many at the end. */
export type ByteRange =
  | { readonly from: number; readonly length: number; readonly etag: string | undefined }
  | { readonly last: number };

const CONNECT_TIMEOUT_MS = 5_000;
/** A lost connection costs milliseconds here and seconds in Temporal. */
const ATTEMPTS = 3;
const DELETES_AT_ONCE = 16;

/** Not `Bucket`: TypeScript 7.0.2 emits a property of a class's own name under another one. */
export class S3Bucket implements Disposable {
  /** `s3://bucket/prefix`, for people. */
  readonly where: string;
  readonly #options: BucketOptions;
  readonly #client: S3Client;

  constructor(options: BucketOptions) {
    const { endpoint, region, credentials, pathStyle, timeoutMs } = options;
    this.where = `s3://${options.bucket}/${options.prefix}`;
    this.#options = options;
    this.#client = new S3Client({
      ...(endpoint && { endpoint }),
      ...(region && { region }),
      ...(credentials && { credentials }),
      forcePathStyle: pathStyle,
      maxAttempts: ATTEMPTS,
      // Records carry their own checksums; servers other than Amazon's don't all know those of the SDK.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        // Of silence. A limit of the whole request would end every upload over a slow line, at every try.
        socketTimeout: timeoutMs,
      },
    });
  }

  /** Throws when the bucket is not there, does not answer, or may not be read. */
  async assertReadable(): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.#options;
    await this.#call('be listed', () =>
      this.#client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 })),
    );
  }

  /** Null when there is no such object, or it is another one than that of the range's ETag. */
  async read(name: string, range: ByteRange): Promise<ReadBytes | null> {
    return await this.#call(`give ${name}`, async () => {
      try {
        const answer = await this.#client.send(
          new GetObjectCommand({ ...this.#at(name), ...headersOf(range) }),
        );
        const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
        return { bytes, size: sizeIn(answer.ContentRange) ?? bytes.byteLength, etag: answer.ETag };
      } catch (error) {
        if (isGone(error) || isBehindEnd(error)) return null;
        throw error;
      }
    });
  }

  /** All of it, or null. */
  async readWhole(name: string): Promise<Buffer | null> {
    const found = await this.read(name, { from: 0, length: Number.MAX_SAFE_INTEGER, etag: undefined });
    return found?.bytes ?? null;
  }

  /** Resolves when the object is there and durable; what was there before is replaced at that moment. */
  async write(name: string, body: Buffer | Readable, bytes: number): Promise<void> {
    const command = new PutObjectCommand({ ...this.#at(name), Body: body, ContentLength: bytes });
    await this.#call(`take ${name}`, async () => {
      if (Buffer.isBuffer(body)) await this.#client.send(command);
      else await this.#stream(command, body);
    });
  }

  /** The SDK does not hear of a body that fails: unheard, that would end the process. */
  async #stream(command: PutObjectCommand, body: Readable): Promise<void> {
    const stop = new AbortController();
    const failed = new Promise<never>((_, reject) => body.on('error', reject));
    const sent = this.#client.send(command, { abortSignal: stop.signal });
    // The one that comes second is heard by nobody else.
    for (const each of [failed, sent]) each.catch(() => {});
    try {
      await Promise.race([sent, failed]);
    } finally {
      stop.abort();
      body.destroy();
    }
  }

  /** In the order of their names. */
  async *list(folder = ''): AsyncGenerator<ListedObject> {
    const { bucket: Bucket, prefix } = this.#options;
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket, Prefix: prefix + folder });
    for (;;) {
      const { value, done } = await this.#call('be listed', () => pages.next());
      if (done || !value) return;
      for (const { Key, Size, LastModified } of value.Contents ?? []) {
        const name = Key?.slice(prefix.length) ?? '';
        yield { name, bytes: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 };
      }
    }
  }

  /** No error when it is gone already. */
  async remove(name: string): Promise<void> {
    await this.#call(`drop ${name}`, () => this.#client.send(new DeleteObjectCommand(this.#at(name))));
  }

  /** Everything whose name begins so. One by one: not every server knows the call for many. */
  async removeAll(folder: string): Promise<void> {
    const names = (await Array.fromAsync(this.list(folder))).map(({ name }) => name);
    await new PQueue({ concurrency: DELETES_AT_ONCE }).addAll(names.map((name) => () => this.remove(name)));
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  #at(name: string) {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + name };
  }

  async #call<T>(action: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw s3Failure(error, { where: this.where, action });
    }
  }
}

function headersOf(range: ByteRange) {
  if ('last' in range) return { Range: `bytes=-${range.last}` };
  const { from, length, etag } = range;
  const whole = length === Number.MAX_SAFE_INTEGER;
  return { ...(!whole && { Range: `bytes=${from}-${from + length - 1}` }), ...(etag && { IfMatch: etag }) };
}

/** `bytes 0-9/1234`; undefined where the answer is the whole object. */
function sizeIn(contentRange: string | undefined): number | undefined {
  const size = /\/(\d+)$/.exec(contentRange ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}
