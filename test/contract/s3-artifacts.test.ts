/**
 * Against SeaweedFS; or, where TEST_S3_BUCKET is set, against the server and with the keys of the variables that the AWS tools
 * know.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v4 as uuid } from 'uuid';
import { type BucketOptions, S3Bucket } from '../../activities/adapters/s3/bucket.ts';
import { partName, partsFolder } from '../../activities/adapters/s3/object-names.ts';
import { S3Artifacts } from '../../activities/adapters/s3/s3-artifacts.ts';
import { hashOf } from '../../activities/naming.ts';
import '../helpers/any-realm.ts';
import { withFlippedBit } from '../helpers/flipped-bit.ts';
import { type LocalServer, localServer } from '../helpers/local-server.ts';
import { type S3Server, startS3Server } from '../helpers/s3-server.ts';
import { type ArtifactBacking, artifactStoreContract } from './artifact-store-contract.ts';

const KEY = `vectors/${hashOf('a book')}`;
const NAME = `vectors/${hashOf('a book').slice(0, 2)}/${hashOf('a book')}`;
const FOLDER = partsFolder(KEY, hashOf('a book'));
const RECORDS = ['one', 'two', 'three', 'four'].map((text) => Buffer.from(text.repeat(20_000)));

let server: S3Server | null = null;
beforeAll(async () => {
  if (!process.env.TEST_S3_BUCKET) server = await startS3Server();
}, 300_000);
afterAll(async () => await server?.[Symbol.asyncDispose]());

function options(changes: Partial<BucketOptions> = {}): BucketOptions {
  const { TEST_S3_BUCKET: bucket = '', AWS_ENDPOINT_URL: endpoint } = process.env;
  return {
    ...{ bucket: server?.bucket ?? bucket, prefix: `${uuid()}/`, endpoint: server?.url ?? endpoint },
    ...{ credentials: server?.credentials, region: 'us-east-1', pathStyle: true, timeoutMs: 20_000 },
    ...changes,
  };
}

async function newPrefix(): Promise<ArtifactBacking> {
  const at = options();
  return {
    open: () => S3Artifacts.open(at),
    [Symbol.asyncDispose]: async () => {
      using bucket = new S3Bucket(at);
      await bucket.removeAll('');
    },
  };
}

artifactStoreContract('S3', newPrefix);

describe('an artifact in a bucket', () => {
  test('lies as its file would lie in a folder, and nothing else with it', async () => {
    const at = options();
    using store = await S3Artifacts.open(at);
    await write(store, 'resume');
    using bucket = new S3Bucket(at);
    expect((await Array.fromAsync(bucket.list())).map(({ name }) => name)).toEqual([NAME]);
  });

  test('that is written afresh and small costs one object, and none when its writer dies', async () => {
    const at = options();
    using store = await S3Artifacts.open(at);
    await using writer = await store.create(KEY, 'a book', 'fresh');
    await writer.append(RECORDS);
    using bucket = new S3Bucket(at);
    expect(await Array.fromAsync(bucket.list())).toEqual([]);
  });

  test('in which a bit flipped is reported, and dropped', async () => {
    const at = options();
    using store = await S3Artifacts.open(at);
    await write(store, 'fresh');
    using bucket = new S3Bucket(at);
    const content = await bucket.readWhole(NAME);
    if (!content) throw new Error('it was written');
    await bucket.write(NAME, withFlippedBit(content, 50_000 * 8), content.byteLength);
    await using reader = await store.open(KEY);
    await expect(Array.fromAsync(reader?.read() ?? [])).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await store.open(KEY)).toBeNull();
  });

  test('that lost its end, or all, is none', async () => {
    const at = options();
    using store = await S3Artifacts.open(at);
    using bucket = new S3Bucket(at);
    for (const bytes of [0, 1, 7, 100]) {
      await bucket.write(NAME, Buffer.alloc(bytes), bytes);
      expect(await store.open(KEY)).toBeNull();
    }
  });

  test.each([
    ['damaged', 'held in memory', 20_000],
    ['gone', 'held in memory', 20_000],
    ['damaged', 'sent as it is read', 2_000_000],
    ['gone', 'sent as it is read', 2_000_000],
  ])('one of whose parts is %s is never finished, %s, and begun anew', async (harm, _how, bytes) => {
    const at = options();
    using store = await S3Artifacts.open(at);
    await using first = await store.create(KEY, 'a book', 'resume');
    for (let ordinal = 0; ordinal < 4; ordinal++) await first.append([Buffer.alloc(bytes, ordinal)]);
    await using heir = await store.create(KEY, 'a book', 'resume');
    expect(heir.records).toBe(4);
    using bucket = new S3Bucket(at);
    const part = partName(FOLDER, 1, 2);
    if (harm === 'gone') await bucket.remove(part);
    else await bucket.write(part, Buffer.alloc(bytes + 12), bytes + 12);
    await expect(heir.commit({})).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await store.open(KEY)).toBeNull();
    await using next = await store.create(KEY, 'a book', 'resume');
    expect(next.records).toBe(0);
  });

  test('passes over objects of other names', async () => {
    const at = options();
    using store = await S3Artifacts.open(at);
    await write(store, 'fresh');
    using bucket = new S3Bucket(at);
    for (const name of ['a file', 'vectors/notes.txt', `${NAME}.txt`, `${NAME}.old/0000000000-0000000001`])
      await bucket.write(name, Buffer.from('x'), 1);
    expect(await Array.fromAsync(store.list())).toMatchObject([{ key: KEY, partialOf: null }]);
  });
});

describe('a store that can not be used says so', () => {
  test('when there is no such bucket', async () => {
    const opening = S3Artifacts.open(options({ bucket: `no-such-${uuid()}` }));
    await expect(opening).rejects.toMatchObject({
      ...{ code: 'ARTIFACTS_DENIED', retryable: true },
      message: expect.stringContaining('NoSuchBucket'),
    });
  });

  test('when the key is wrong', async () => {
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
    const opening = S3Artifacts.open(options({ credentials }));
    await expect(opening).rejects.toMatchObject({
      code: 'ARTIFACTS_DENIED',
      message: expect.stringMatching(/could not be listed: status 40[34]/),
    });
  });

  test('when nobody answers, which may end by itself', async () => {
    const opening = S3Artifacts.open(options({ endpoint: 'http://127.0.0.1:9' }));
    await expect(opening).rejects.toMatchObject({ code: 'ARTIFACTS_UNREACHABLE', retryable: true });
  });

  test('when it is asked for too much, with the time to wait', async () => {
    await using busy = await refusing(503, 'SlowDown', { 'retry-after': '1' });
    const opening = S3Artifacts.open(options({ endpoint: busy.url }));
    await expect(opening).rejects.toMatchObject({ code: 'ARTIFACTS_OVERLOADED', retryAfterMs: 1_000 });
    expect(busy.bodies.length).toBeGreaterThan(1);
  });

  test.each([
    [500, 'InternalError', 'ARTIFACTS_UNREACHABLE'],
    [507, 'StorageFull', 'ARTIFACTS_UNREACHABLE'],
    [400, 'ExpiredToken', 'ARTIFACTS_UNREACHABLE'],
    [403, 'AccessDenied', 'ARTIFACTS_DENIED'],
    [301, 'PermanentRedirect', 'ARTIFACTS_DENIED'],
    [400, 'InvalidRequest', 'ARTIFACTS_REJECTED'],
  ])('for an answer %d %s: %s', async (status, code, wanted) => {
    await using refusal = await refusing(status, code);
    const opening = S3Artifacts.open(options({ endpoint: refusal.url }));
    await expect(opening).rejects.toMatchObject({
      code: wanted,
      message: expect.stringMatching(new RegExp(`could not be listed: status ${status}, ${code}`)),
    });
  });
});

function refusing(status: number, code: string, headers: Record<string, string> = {}): Promise<LocalServer> {
  return localServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers });
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
  });
}

async function write(store: S3Artifacts, mode: 'resume' | 'fresh'): Promise<void> {
  await using writer = await store.create(KEY, 'a book', mode);
  await writer.append(RECORDS.slice(0, 2));
  await writer.append(RECORDS.slice(2));
  await writer.commit({});
}
